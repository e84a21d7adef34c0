"""Links to videos on YouTube, in all the forms that people copy them; only the video's id is kept."""

import re
from urllib.parse import parse_qs

from purvey.kit.errors import Invalid
from purvey.kit.urls import WEB, parts_of

ID = re.compile(r"[A-Za-z0-9_-]{11}")
HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"}
NO_COOKIE_HOSTS = {"youtube-nocookie.com", "www.youtube-nocookie.com"}
SHORT_HOSTS = {"youtu.be", "www.youtu.be"}
PLAYERS = {"embed", "v"}
KINDS = PLAYERS | {"shorts", "live"}


class NotAVideo(Invalid):
    """The link leads to no video on YouTube."""

    code = "not_a_youtube_link"


def video_of(link: str) -> str:
    """The id of the video that a link leads to, 11 characters; NotAVideo."""
    found = candidate(link.strip())
    if found is None or not ID.fullmatch(found):
        raise NotAVideo.field(
            "/youtubeUrl",
            "must be a link to a video on YouTube, such as https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            code=NotAVideo.code,
        )
    return found


def candidate(link: str) -> str | None:
    """What stands where the id is in a link of this form."""
    parts = parts_of(link)
    if parts is None or parts.scheme not in WEB or parts.port not in (None, 80, 443) or parts.username is not None:
        return None
    host = parts.hostname
    steps = [step for step in parts.path.split("/") if step]
    if host in SHORT_HOSTS and len(steps) == 1:
        return steps[0]
    if host in HOSTS and steps == ["watch"]:
        named = parse_qs(parts.query).get("v", [])
        return named[0] if len(named) == 1 else None
    if len(steps) == 2 and ((host in HOSTS and steps[0] in KINDS) or (host in NO_COOKIE_HOSTS and steps[0] in PLAYERS)):
        return steps[1]
    return None


def watch_link(video_id: str) -> str:
    """Where people watch it."""
    return f"https://www.youtube.com/watch?v={video_id}"


def id_in(link: str) -> str:
    """The id in one of our own links."""
    return link.rpartition("=")[2]
