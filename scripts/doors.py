"""An import contract: some modules of a room are its own business.

The layers say which way an arrow may point; this says at what it may point. From another room come models,
queries, actions, signals, kinds, search and pure modules, never its views, forms, admin, tasks or receivers.
"""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """No module outside a room in ``rooms`` imports one of its ``closed`` modules."""

    type_name = "doors"
    rooms = fields.ListField(subfield=fields.StringField())
    closed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = []
        closed = [f"{room}.{name}" for room in self.rooms for name in self.closed]  # type: ignore[attr-defined]
        for package in sorted(set(closed) & graph.modules):
            room = package.rpartition(".")[0]
            for module in sorted({package} | graph.find_descendants(package)):
                for importer in sorted(graph.find_modules_that_directly_import(module)):
                    if importer != room and not importer.startswith(f"{room}."):
                        details: Any = graph.get_import_details(importer=importer, imported=module)
                        broken.append((importer, module, details[0]["line_number"] if details else "?"))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, module, line in check.metadata["broken"]:
            output.print_error(f"{importer} (line {line}) imports {module}, which its room keeps to itself.")
