"""The evolution tree: every individual by the generation of its birth, and who became whose parent.

A figure with two hundred nodes and twice as many edges is a hairball, so the lineage of one task force is drawn strongly
and everything else faintly. Within a generation, nodes stand near the mean height of their parents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acdc.numbers.digits import fixed, in_percent
from reproductions.figures.svg import Axes, Element, element, figure, path, text, ticks, tip


@dataclass(frozen=True)
class Node:
    """One individual.

    Attributes:
        id: Unique in its run.
        created: Place in the order of creation.
        generation: Of its birth.
        parents: Ids; empty for a seed.
        shares: What part of its weights comes from each seed, by name; sums to 1.
        seed: Name, where it is a seed.
        archived: It was in an archive at some time.
        rank: Place in the task force (1 is chosen first), or None.
    """

    id: str
    created: int
    generation: int
    parents: tuple[str, ...]
    shares: Mapping[str, float]
    seed: str | None = None
    archived: bool = False
    rank: int | None = None


def shares_of(
    individuals: Sequence[tuple[str, str | None, Sequence[str], Sequence[float]]], seeds: Sequence[str]
) -> dict[str, dict[str, float]]:
    """What part of each individual comes from each seed, through all its ancestors.

    Exact for normalised linear crossover, where a child is the weighted mean of its parents; mutation is left out.

    Args:
        individuals: (id, name of the seed or None, parents, crossover weights), parents before children.
        seeds: Names of the seeds.
    """
    found: dict[str, dict[str, float]] = {}
    for identity, seed, parents, weights in individuals:
        if seed is not None:
            found[identity] = {name: float(name == seed) for name in seeds}
            continue
        total = sum(weights)
        found[identity] = {
            name: sum(w * found[parent][name] for w, parent in zip(weights, parents, strict=True)) / total
            for name in seeds
        }
    return found


def lineage(nodes: Sequence[Node]) -> set[str]:
    """Ids of the task force and of all its ancestors."""
    by_id = {node.id: node for node in nodes}
    found: set[str] = set()
    todo = [node.id for node in nodes if node.rank is not None]
    while todo:
        identity = todo.pop()
        if identity not in found:
            found.add(identity)
            todo.extend(by_id[identity].parents)
    return found


def tree(nodes: Sequence[Node], seeds: Sequence[str], *, width: float = 1000, height: float = 460) -> Element:
    """The drawing; members of the task force are numbered diamonds, seeds are squares with their names."""
    last = max(node.generation for node in nodes)
    axes = Axes(96, 16, width - 22, height - 40, (0, max(1, last)), (0, 1))
    places = _places(nodes, axes)
    strong = lineage(nodes)
    parts: list[Element] = [
        text(axes.x(n), height - 20, f"{n:g}", class_="tick", anchor="middle")
        for n in ticks(0, max(1, last), about=10, least=1)
    ]
    parts.append(
        text((axes.left + axes.right) / 2, height - 4, "generation of birth", class_="axis", anchor="middle")
    )
    by_weight = sorted(nodes, key=lambda node: node.id in strong)
    parts += [
        _edge(places[parent], places[node.id], node, strong) for node in by_weight for parent in node.parents
    ]
    parts += [_node(node, places[node.id], seeds, strong) for node in by_weight if node.rank is None]
    parts += [_node(node, places[node.id], seeds, strong) for node in by_weight if node.rank is not None]
    members = sorted((node for node in nodes if node.rank is not None), key=lambda node: node.rank or 0)
    created = ", ".join(f"{node.rank}: generation {node.generation}" for node in members)
    spoken = f"Evolution tree of {len(nodes)} individuals over {last} generations. Births of the task force's members: {created}."
    return figure(width, height, spoken, *parts, class_="wide tree")


def genome(
    shares: Mapping[str, float], seeds: Sequence[str], *, width: float = 300, height: float = 18
) -> Element:
    """One individual's shares as a bar of segments with their percentages."""
    # A signed crossover may extrapolate: negative shares have no length, and the others fill the bar.
    positive = {name: max(0.0, shares.get(name, 0.0)) for name in seeds}
    total = sum(positive.values()) or 1.0
    parts: list[Element] = []
    x = 0.0
    for i, name in enumerate(seeds):
        length = positive[name] / total * width
        if length > 0:
            shown = f"{name}: {in_percent(shares.get(name, 0.0), 0)}%"
            parts.append(
                element("rect", tip(shown), x=x, y=0, width=length, height=height, class_=f"seed-{i % 6}")
            )
        if length > 26:
            parts.append(
                text(
                    x + length / 2,
                    height / 2 + 4,
                    in_percent(shares[name], 0),
                    class_="inside",
                    anchor="middle",
                )
            )
        x += length
    spoken = ", ".join(f"{name} {in_percent(shares.get(name, 0.0), 0)}%" for name in seeds)
    return figure(width, height, f"Share of weights from {spoken}", *parts, class_="genome")


def _places(nodes: Sequence[Node], axes: Axes) -> dict[str, tuple[float, float]]:
    heights: dict[str, float] = {}
    for generation in sorted({node.generation for node in nodes}):
        column = sorted(
            (node for node in nodes if node.generation == generation), key=lambda node: node.created
        )
        founders = [node for node in column if not node.parents]
        for i, node in enumerate(founders):
            heights[node.id] = (i + 0.5) / len(founders)
        # Children of generation 0 have parents in the same column: they stand half a generation further on.
        rest = [node for node in column if node.parents]
        rest.sort(key=lambda node: sum(heights[parent] for parent in node.parents) / len(node.parents))
        for i, node in enumerate(rest):
            heights[node.id] = (i + 0.5) / len(rest)
    step = (axes.right - axes.left) / max(1, axes.x_range[1])
    return {
        node.id: (
            axes.x(node.generation) + (0.45 * step if node.generation == 0 and node.parents else 0.0),
            axes.y(1 - heights[node.id]),
        )
        for node in nodes
    }


def _edge(start: tuple[float, float], end: tuple[float, float], child: Node, strong: set[str]) -> Element:
    (x1, y1), (x2, y2) = start, end
    bend = (x2 - x1) / 2
    curve = f"M{fixed(x1, 1)} {fixed(y1, 1)}C{fixed(x1 + bend, 1)} {fixed(y1, 1)} {fixed(x2 - bend, 1)} {fixed(y2, 1)} {fixed(x2, 1)} {fixed(y2, 1)}"
    return element(
        "path", d=curve, class_="edge strong" if child.id in strong else "edge", data_child=child.id
    )


def _node(node: Node, place: tuple[float, float], seeds: Sequence[str], strong: set[str]) -> Element:
    x, y = place
    largest = max(node.shares, key=lambda name: node.shares[name]) if node.shares else None
    colour = f"seed-{seeds.index(largest) % 6}" if largest in seeds else "seed-none"
    shares = ", ".join(f"{name} {in_percent(share, 0)}%" for name, share in node.shares.items())
    role = f"task force member {node.rank}, " if node.rank is not None else ""
    state = "in an archive" if node.archived else "never in an archive"
    about = tip(f"{node.seed or node.id}: {role}born in generation {node.generation}, {state}; {shares}")
    if node.rank is not None:
        r = 11.0
        mark = path([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], f"member {colour}", closed=True)
        shape = [mark, text(x, y + 4, str(node.rank), class_="rank", anchor="middle")]
        if node.seed is not None:
            shape.append(text(x - 15, y + 4, node.seed, class_="label", anchor="end"))
    elif node.seed is not None:
        shape = [element("rect", x=x - 5, y=y - 5, width=10, height=10, class_=colour)]
        shape.append(text(x - 12, y + 4, node.seed, class_="label", anchor="end"))
    else:
        shape = [element("circle", cx=x, cy=y, r=4 if node.id in strong else 2.5, class_=colour)]
    classes = ["node", "strong" if node.id in strong else "faint", "kept" if node.archived else "lost"]
    return element(
        "g", about, *shape, class_=" ".join(classes), data_id=node.id, data_parents=" ".join(node.parents)
    )


def key(seeds: Sequence[str]) -> list[tuple[str, Element]]:
    """Legend: (name, swatch) of each seed."""
    return [
        (name, figure(14, 14, name, element("rect", x=1, y=1, width=12, height=12, class_=f"seed-{i % 6}")))
        for i, name in enumerate(seeds)
    ]
