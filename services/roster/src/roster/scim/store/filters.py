"""A SCIM filter as a condition in SQL, which answers as scim2-models' own evaluator does."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from scim2_models import Extension, InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from roster.domain import is_plain
from roster.scim.mapping import CASE_EXACT, comparable
from roster.scim.store.attributes import (
    Kind,
    Parameters,
    dotted,
    name_in,
    path_of,
    refuse_hidden,
)

TERMS_MAX = 40
FALSE = "false"
_ORDER = {
    CompareOperator.gt: ">",
    CompareOperator.ge: ">=",
    CompareOperator.lt: "<",
    CompareOperator.le: "<=",
}


def condition(scim_filter: ScimFilter[Any], kind: Kind, parameters: Parameters) -> str:
    """The filter, bound to one model, as a condition on `r`, a row of the kind's table.

    Raises InvalidFilterException for what has no translation and for filters that are too long.
    """
    _require_short(scim_filter.ast)
    return _Translator(scim_filter, kind, parameters).visit(scim_filter.ast)


class _Translator(FilterVisitor[str]):
    """Conditions are true or false, never null, so that `not` may stand before them."""

    def __init__(self, bound: ScimFilter[Any], kind: Kind, parameters: Parameters) -> None:
        self._bound = bound
        self._kind = kind
        self._parameters = parameters

    def visit_not(self, node: Not) -> str:
        return f"(NOT {self.visit(node.expr)})"

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        joined = " AND " if node.op == LogicalOperator.and_ else " OR "
        return f"({joined.join(self.visit(term) for term in node.terms)})"

    def visit_comparison(self, node: Comparison) -> str:
        binding = self._bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return FALSE
        refuse_hidden(binding)
        attribute, value = dotted(binding), _value(binding, node)
        if attribute in self._kind.times:
            return self._instant(attribute, node.op, value)
        if attribute in self._kind.columns and not _extends(binding):
            return self._column(attribute, node.op, value)
        if binding.is_multivalued:
            return self._any(binding, node.op, value)
        return compare(self._text(path_of(binding)), node.op, value, self._parameters)

    def _column(self, attribute: str, op: CompareOperator, value: Any) -> str:
        if attribute == "id" and op == CompareOperator.eq:
            return self._id(value)
        return compare(self._kind.columns[attribute], op, value, self._parameters)

    def visit_present(self, node: Present) -> str:
        binding = self._bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return FALSE
        refuse_hidden(binding)
        attribute, path = dotted(binding), path_of(binding)
        if attribute in {"id", "meta", *self._kind.columns} and not _extends(binding):
            return "true"
        if attribute in {"groups", "members"} or attribute.startswith(("groups.", "members.")):
            raise InvalidFilterException(detail="membership can be compared, not tested with pr")
        if binding.is_multivalued and binding.sub_field_name is not None:
            return self._exists(path[:-1], f"coalesce(e ->> {self._add(path[-1])}, '') <> ''")
        # What is said is never empty: empty text, lists and objects are not kept.
        return f"(r.search #> {self._add(path)}::text[] IS NOT NULL)"

    def visit_value_path(self, node: ValuePath) -> str:
        binding = self._bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return FALSE
        refuse_hidden(binding)
        if self._kind.name == "Group" and dotted(binding) == "members":
            return self._member_path(node.val_filter)
        if dotted(binding) == "groups":
            raise InvalidFilterException(detail="filter Groups by members instead")
        inner = _Entry(binding, self._parameters).visit(node.val_filter)
        return self._exists(path_of(binding), inner)

    def _any(self, binding: AttributeBinding, op: CompareOperator, value: Any) -> str:
        path = path_of(binding)
        if path[0] == "members":
            return self._member(op, value)
        if path[0] == "groups":
            raise InvalidFilterException(detail="filter Groups by members instead")
        head, sub = path[:-1], path[-1]
        if path == ["emails", "value"] and op == CompareOperator.eq and value is not None:
            wanted = self._add(json.dumps([{"value": value}]))
            return f"coalesce(r.search -> 'emails' @> {wanted}::jsonb, false)"
        entry = f"e ->> {self._add(sub)}"
        if op != CompareOperator.ne:
            some = self._exists(head, compare(entry, op, value, self._parameters))
            if value is None and op == CompareOperator.eq:
                return f"({some} OR NOT {self._exists(head, 'true')})"
            return some
        same = compare(entry, CompareOperator.eq, value, self._parameters)
        return f"(NOT {self._exists(head, same)})"

    def _exists(self, path: list[str], inner: str) -> str:
        entries = f"jsonb_array_elements(r.search #> {self._add(path)}::text[])"
        return f"EXISTS (SELECT FROM {entries} AS e WHERE {inner})"

    def _member(self, op: CompareOperator, value: Any) -> str:
        if op != CompareOperator.eq:
            raise InvalidFilterException(detail="members can be compared with eq only")
        user_id = _uuid(value)
        if user_id is None:
            return FALSE
        # The kind's own text and a placeholder; no value is put in.
        return (
            "EXISTS (SELECT FROM scim_user u WHERE u.id = "
            f"{self._add(user_id)}::uuid AND u.ended_at IS NULL AND u.source = r.source "
            "AND r.department_id = ANY(u.department_ids))"
        )

    def _member_path(self, node: FilterNode) -> str:
        if not isinstance(node, Comparison) or node.attr_path.attr.casefold() != "value":
            raise InvalidFilterException(detail="members can be compared by value only")
        return self._member(node.op, node.value)

    def _id(self, value: Any) -> str:
        wanted = _uuid(value)
        return FALSE if wanted is None else f"(r.id = {self._add(wanted)}::uuid)"

    def _instant(self, attribute: str, op: CompareOperator, value: Any) -> str:
        column = self._kind.columns[attribute]
        if value is None:
            return "true" if op == CompareOperator.ne else FALSE
        if op in _ORDER:
            return f"({column} {_ORDER[op]} {self._add(value)}::timestamptz)"
        if op in {CompareOperator.eq, CompareOperator.ne}:
            sign = "=" if op == CompareOperator.eq else "<>"
            return f"({column} {sign} {self._add(value)}::timestamptz)"
        return FALSE

    def _text(self, path: list[str]) -> str:
        return f"(r.search #>> {self._add(path)}::text[])"

    def _add(self, value: object) -> str:
        return self._parameters.add(value)


class _Entry(FilterVisitor[str]):
    """The condition in brackets, on `e`, one entry of a list."""

    def __init__(self, binding: AttributeBinding, parameters: Parameters) -> None:
        self._model = binding.field_type
        self._parameters = parameters

    def visit_not(self, node: Not) -> str:
        return f"(NOT {self.visit(node.expr)})"

    def visit_logical_expr(self, node: LogicalExpr) -> str:
        joined = " AND " if node.op == LogicalOperator.and_ else " OR "
        return f"({joined.join(self.visit(term) for term in node.terms)})"

    def visit_comparison(self, node: Comparison) -> str:
        value = node.value
        if isinstance(value, bool):
            value = str(value).lower()
        name = self._name(node.attr_path.attr)
        if isinstance(value, str) and name not in CASE_EXACT:
            value = comparable(value)
        entry = f"(e ->> {self._parameters.add(name)})"
        return compare(entry, node.op, value, self._parameters)

    def visit_present(self, node: Present) -> str:
        name = self._parameters.add(self._name(node.attr_path.attr))
        return f"(coalesce(e ->> {name}, '') <> '')"

    def visit_value_path(self, node: ValuePath) -> str:
        raise InvalidFilterException(detail="a filter in brackets holds no other")

    def _name(self, attribute: str) -> str:
        name = name_in(self._model, attribute)
        if name is None:
            raise InvalidFilterException(detail="no such attribute")
        return name


def compare(text: str, op: CompareOperator, value: Any, parameters: Parameters) -> str:
    """A comparison of text; what is absent equals only null and differs from every value."""
    if value is None:
        return _WITH_NULL.get(op, FALSE).format(text=text)
    return _WITH_TEXT[op].format(text=text, wanted=f"{parameters.add(str(value))}::text")


_WITH_NULL = {CompareOperator.eq: "({text} IS NULL)", CompareOperator.ne: "({text} IS NOT NULL)"}
_WITH_TEXT = {
    CompareOperator.eq: "coalesce({text} = {wanted}, false)",
    CompareOperator.ne: "({text} IS DISTINCT FROM {wanted})",
    CompareOperator.co: "coalesce(strpos({text}, {wanted}) > 0, false)",
    CompareOperator.sw: "coalesce(starts_with({text}, {wanted}), false)",
    CompareOperator.ew: "coalesce(right({text}, length({wanted})) = {wanted}, false)",
} | {
    op: f'coalesce(({{text}}) COLLATE "C" {sign} {{wanted}}, false)' for op, sign in _ORDER.items()
}


def _value(binding: AttributeBinding, node: Comparison) -> Any:
    value = coerce_value(binding, node.value, node.op)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if dotted(binding) == "meta.resourceType":
            return value.lower()
        return binding.comparable(value)
    return value


def _extends(binding: AttributeBinding) -> bool:
    return issubclass(binding.model, Extension)


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None


def _require_short(node: FilterNode) -> None:
    """Raise when the filter has more than `TERMS_MAX` terms: each is a condition on every row."""
    waiting, terms = [node], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, LogicalExpr):
            waiting.extend(each.terms)
        elif isinstance(each, Not):
            waiting.append(each.expr)
        elif isinstance(each, ValuePath):
            waiting.append(each.val_filter)
        else:
            terms += 1
            _require_text(each)
        if terms > TERMS_MAX:
            raise InvalidFilterException(detail=f"at most {TERMS_MAX} comparisons")


def _require_text(node: FilterNode) -> None:
    value = node.value if isinstance(node, Comparison) else None
    if isinstance(value, str) and not is_plain(value):
        raise InvalidFilterException(detail="control characters are found nowhere")
