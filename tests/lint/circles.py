"""Circles in a graph of needs."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node")


def circles(needs: Mapping[Node, set[Node]]) -> list[list[Node]]:
    """The groups of nodes of which each needs, over others, every other one."""
    reach = {node: set(_reachable(needs, node)) for node in needs}
    groups = {frozenset(other for other in reach[node] if node in reach.get(other, ())) for node in needs if node in reach[node]}
    return sorted(sorted(group) for group in groups)


def _reachable(needs: Mapping[Node, set[Node]], start: Node) -> Iterator[Node]:
    seen: set[Node] = set()
    todo = [start]
    while todo:
        for node in needs.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
                yield node
