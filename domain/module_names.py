"""What the names of a Python file stand for, read from its text: nothing of the file is executed or imported."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Binding = str | ast.expr | Definition | None
"""Where an imported name is from, what is assigned to it, or its definition; None for what is beyond reading."""

_TWINS = (("typing_extensions.", "typing."), ("prefect.flows.flow", "prefect.flow"))
"""The same thing under two names: the second is the one used here."""
_MOST_ALIASES = 20


@dataclass(frozen=True)
class ModuleNames:
    """The names that a module's own lines define; a class or a function keeps what is inside to itself."""

    bindings: dict[str, list[Binding]] = field(default_factory=dict[str, list[Binding]])

    @classmethod
    def of(cls, module: ast.Module) -> ModuleNames:
        """Read a module from top to bottom."""
        names = cls()
        for name, binding in _bound(module.body):
            names.bindings.setdefault(name, []).append(binding)
        return names

    def last(self, name: str) -> Binding:
        """Give what a name stands for once the module has run: its last definition."""
        return self.bindings[name][-1]

    def only(self, name: str) -> Binding:
        """Give what a name stands for, whenever it is looked at; None where the text gives it several meanings."""
        bound = self.bindings.get(name, [])
        origins = {_one_name(each) if isinstance(each, str) else each for each in bound}
        return origins.pop() if len(origins) == 1 else None

    def origin(self, node: ast.expr, depth: int = _MOST_ALIASES) -> str | None:
        """Give the full name of what `date`, `dt.date` or an alias of it is: `datetime.date`; None when unknown.

        `depth` is how many names may be followed: a name may stand for itself.
        """
        if not depth:
            return None
        if isinstance(node, ast.Attribute):
            owner = self.origin(node.value, depth - 1)
            return _one_name(f"{owner}.{node.attr}") if owner else None
        if not isinstance(node, ast.Name):
            return None
        if node.id not in self.bindings:
            return f"builtins.{node.id}" if hasattr(builtins, node.id) else None
        bound = self.only(node.id)
        return (
            self.origin(bound, depth - 1) if isinstance(bound, ast.expr) else bound if isinstance(bound, str) else None
        )


def _one_name(name: str) -> str:
    for other, ours in _TWINS:
        if name.startswith(other):
            return ours + name.removeprefix(other)
    return name


def _bound(body: list[ast.stmt]) -> Iterator[tuple[str, Binding]]:
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name, statement
            case ast.Import():
                for alias in statement.names:
                    top = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (top, top)
            case ast.ImportFrom():
                origin = "." * statement.level + (statement.module or "")
                yield from ((alias.asname or alias.name, f"{origin}.{alias.name}") for alias in statement.names)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                yield name, value
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                # Not there when the code runs.
                yield from _bound(statement.orelse)
            case _:
                yield from _bound_inside(statement)


def _bound_inside(statement: ast.stmt) -> Iterator[tuple[str, Binding]]:
    nodes: list[ast.AST] = [statement]
    while nodes:
        for node in ast.iter_child_nodes(nodes.pop()):
            if isinstance(node, ast.stmt):
                yield from _bound([node])
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id, None
            elif not isinstance(node, ast.expr) or isinstance(node, ast.Tuple | ast.List | ast.Starred | ast.NamedExpr):
                nodes.append(node)
