"""Access: who is asking, and which doors they may use.

People sign up and in, prove their e-mail, and give keys to programs; a role in a tenant says what they may do there.
"""

from purvey.access.actions import end_session, lets_in, sign_in, sign_out, sign_up, token_for
from purvey.access.events import (
    AccountReclaimed,
    EmailMoveAsked,
    EmailVerificationAsked,
    EmailVerified,
    PasswordResetAsked,
    WalletInherited,
)
from purvey.access.journal import NEWEST as NEWEST_ENTRIES
from purvey.access.journal import Sought, entries
from purvey.access.keyring import keys_of, sessions_of
from purvey.access.keys import make_key, revoke_key
from purvey.access.model import ROLE_PERMISSIONS, Identity, Permission, Purpose, Session, User, Visit
from purvey.access.moving import MOVE_LIFE, ask_move, confirm_move, find_move, make_move_token
from purvey.access.people import change_me, create_user
from purvey.access.reclaiming import Reclaim
from purvey.access.recovery import (
    ask_reset,
    ask_verification,
    change_password,
    make_one_time_token,
    reset_password,
    verify_email,
)
from purvey.access.rules import email_of, network_of, refuse_pricing
from purvey.access.siwa import Siwa, check_registry, find_user_of_wallet, open_siwa, short_address, user_of_wallet
from purvey.access.store import at_site, find_user, find_user_by_email, identify, is_proved
from purvey.access.sweeping import FORGET_EVERY_SECONDS, forget_old
from purvey.kit.audit_log import audit, changes
from purvey.kit.throttles import throttle

__all__ = [
    "FORGET_EVERY_SECONDS",
    "MOVE_LIFE",
    "NEWEST_ENTRIES",
    "ROLE_PERMISSIONS",
    "AccountReclaimed",
    "EmailMoveAsked",
    "EmailVerificationAsked",
    "EmailVerified",
    "Identity",
    "PasswordResetAsked",
    "Permission",
    "Purpose",
    "Reclaim",
    "Session",
    "Siwa",
    "Sought",
    "User",
    "Visit",
    "WalletInherited",
    "ask_move",
    "ask_reset",
    "ask_verification",
    "at_site",
    "audit",
    "change_me",
    "change_password",
    "changes",
    "check_registry",
    "confirm_move",
    "create_user",
    "email_of",
    "end_session",
    "entries",
    "find_move",
    "find_user",
    "find_user_by_email",
    "find_user_of_wallet",
    "forget_old",
    "identify",
    "is_proved",
    "keys_of",
    "lets_in",
    "make_key",
    "make_move_token",
    "make_one_time_token",
    "network_of",
    "open_siwa",
    "refuse_pricing",
    "reset_password",
    "revoke_key",
    "sessions_of",
    "short_address",
    "sign_in",
    "sign_out",
    "sign_up",
    "throttle",
    "token_for",
    "user_of_wallet",
    "verify_email",
]
