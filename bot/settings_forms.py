"""The forms that single settings must have: each check gives the value back, or raises ValueError in words.

No check ever puts the value into its message: some of them are secrets.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Network = IPv4Network | IPv6Network

#: Daraja refuses a CallBackURL with one of these in it.
FORBIDDEN_IN_PATH = ("mpesa", "safaricom", "exec", "exe", "cmd", "sql", "query")

_PLACEHOLDER = re.compile(
    r"""<.*> | \[.*\] | \{.*\} | \$.* | x{3,} | \.{3,}
      | (?:change|replace|fill|insert|put|enter|paste)[-_ ]?(?:me|this|it|in|here|your).*
      | your[-_ ].* | .*[-_ ](?:goes[-_ ])?here
      | todo | tbd | none | null | placeholder | example | sample | dummy
      | secret | password | passkey | token""",
    re.IGNORECASE | re.VERBOSE,
)
_EXAMPLE_HOST = re.compile(r"(?:.*\.)?example(?:\.(?:com|org|net))?|.*\.(?:example|invalid)|your[-.].*")
_MASK = re.compile(r"[*•…]|\.\.\.")
_QUOTES = ("'", '"', "`")


def check_real(value: str) -> str:
    """Refuse what a copied example leaves behind."""
    if _PLACEHOLDER.fullmatch(value):
        raise ValueError("still holds a placeholder: put the real value in its place")
    return value


def check_unmasked(value: str) -> str:
    """Refuse a secret that was copied from a screen which hid part of it, or that has blanks inside."""
    if _MASK.search(value):
        raise ValueError("was copied masked (it has dots or stars in it): copy the whole value again")
    if any(character.isspace() for character in value):
        raise ValueError("has a blank in it: copy it again")
    if value[:1] in _QUOTES or not (value.isascii() and value.isprintable()):
        raise ValueError("has quotes around it or a letter that no key has: copy it again")
    return value


def check_token(value: str) -> str:
    """A Telegram bot token."""
    if not re.fullmatch(r"\d{5,}:[A-Za-z0-9_-]{35}", value):
        raise ValueError("is not a bot token: digits, a colon and 35 characters, as BotFather wrote it")
    return value


def check_digits(value: str) -> str:
    """A PayBill, a till or a store number."""
    if not re.fullmatch(r"[0-9]{5,7}", value):
        raise ValueError("must be 5 to 7 digits")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host name stands for this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_near(host: str) -> bool:
    """This machine, a private address, or a bare service name inside one network of containers."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


def _split(value: str) -> SplitResult:
    if any(character.isspace() for character in value):
        raise ValueError("has a blank in it")
    try:
        parts = urlsplit(value)
        port_is_legal = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_legal:
        raise ValueError("must be a URL that begins with https://")
    if parts.username is not None or parts.query or parts.fragment or value.endswith(("?", "#")):
        raise ValueError("must have no user name, no ? and no # in it")
    return parts


def check_api_url(value: str, *, near_is_enough: bool = False) -> str:
    """Base URL of a server we call, without its last slash: https, or http to this machine.

    near_is_enough: http is taken inside a private network too.
    """
    parts = _split(value)
    host = parts.hostname or ""
    if parts.scheme == "http" and not (is_loopback(host) or (near_is_enough and _is_near(host))):
        raise ValueError("must begin with https:// (http:// only to this machine)")
    return value.rstrip("/")


def check_public_url(value: str) -> str:
    """Where M-PESA reaches us, without its last slash; by Daraja's own rules for a CallBackURL."""
    host = urlsplit(value).netloc
    parts = _split(value)
    if host != host.lower():
        raise ValueError("must have its host name in lower case")
    if _EXAMPLE_HOST.fullmatch(parts.hostname or ""):
        raise ValueError("still holds a placeholder: put the real address in its place, or leave it empty")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://: M-PESA calls nothing else")
    found = [word for word in FORBIDDEN_IN_PATH if word in parts.path.lower()]
    if found:
        raise ValueError(f"must not have '{found[0]}' in its path: M-PESA refuses such addresses")
    return value.rstrip("/")


def check_database_url(value: str) -> str:
    """`sqlite:///file` or `postgresql://...`; every spelling becomes one of these two."""
    scheme, mark, rest = value.partition("://")
    if not mark:
        raise ValueError("must be a URL such as sqlite:///karo.db")
    if scheme == "postgres" or scheme.partition("+")[0] == "postgresql":
        if not re.search(r"/[^/?]+(\?|$)", rest):
            raise ValueError("must name a database, such as postgresql://user:password@host/karo")
        return f"postgresql://{rest}"
    if scheme not in ("sqlite", "sqlite+pysqlite"):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    path = rest.removeprefix("/")
    if path == rest or not path or path.startswith(":memory:") or "?" in path:
        raise ValueError("must name a file, such as sqlite:///karo.db")
    return f"sqlite:///{path}"


def password_of(database_url: str) -> str:
    """The password in the URL, as it was written there; "" when there is none."""
    return urlsplit(database_url).password or ""


def check_webhook_secret(value: str) -> str:
    """What Telegram takes for a webhook's secret."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value):
        raise ValueError("must be 16 to 256 letters, digits, _ or -")
    return value


def check_networks(value: object) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas."""
    if not isinstance(value, str):
        return tuple(value) if isinstance(value, tuple) else ()
    found: list[Network] = []
    for name in filter(None, (part.strip() for part in value.split(","))):
        try:
            found.append(ip_network(name, strict=False))
        except ValueError:
            raise ValueError(
                "must be addresses or networks such as 196.201.214.0/24, with commas between"
            ) from None
    return tuple(found)


def check_secret_keys(value: str) -> str:
    """One master key, or several with commas between while they are rotated."""
    if any(len(key.strip()) < 32 for key in value.split(",")):
        raise ValueError("must be at least 32 characters (each, when there are several with commas between)")
    return value


def check_certificate(value: str) -> str:
    """A certificate's own text (PEM), or the path of a file that can be read."""
    if certificate_of(value):
        return value
    raise ValueError("is neither a certificate's text nor the path of a file that can be read")


def certificate_of(value: str) -> bytes:
    """The certificate as it was given, or what the file of that name holds; empty when there is none."""
    if "-----BEGIN" in value:
        return value.replace("\\n", "\n").encode()
    try:
        return Path(value).expanduser().read_bytes() if value else b""
    except (OSError, ValueError):
        return b""
