"""What was asked of the next requests: for one phone or any, a number of times or until further notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Order(Generic[T]):
    what: T
    phone: str | None = field(repr=False)
    left: int | None


class Orders(Generic[T]):
    """Orders for one phone come before those for any; counted ones, in their order, before standing ones."""

    def __init__(self) -> None:
        self._orders: list[_Order[T]] = []

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, what: T, phone: str | None, times: int | None) -> None:
        """Ask for `what` so many times; None stands until cleared or replaced for the same phone."""
        if times is None:
            self._orders = [o for o in self._orders if o.left is not None or o.phone != phone]
        elif times < 1:
            raise ValueError("times must be at least 1")
        self._orders.append(_Order(what, phone, times))

    def take(self, phone: str | None) -> T | None:
        """What was asked for a request of this phone, used up by one; None when nothing was."""
        fitting = [o for o in self._orders if o.phone is None or o.phone == phone]
        if not fitting:
            return None
        order = min(fitting, key=lambda o: (o.phone is None, o.left is None))
        if order.left is not None:
            order.left -= 1
            if order.left == 0:
                self._orders.remove(order)
        return order.what

    def clear(self) -> None:
        """Forget every order."""
        self._orders.clear()
