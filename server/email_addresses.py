"""What may be an e-mail address, as far as that shows without a letter to it."""

import re
from typing import Final

from server.usernames import has_unseen

ADDRESS: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")  # RFC 5321 §4.5.3.1


def is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text) is not None and not has_unseen(text)
