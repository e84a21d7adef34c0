"""What a buyer has: purchases, downloads, chapters, and what they ask of the seller."""
