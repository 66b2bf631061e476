"""The web door: M-PESA's callbacks come in here, and probes ask whether we are well."""

from bot.web.app import create_web
from bot.web.server import AddressInUse, serving

__all__ = ["AddressInUse", "create_web", "serving"]
