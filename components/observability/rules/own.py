"""Alerts that teams have written for their services. Pure."""

import promql_parser

from components.observability.arguments import ObservabilityArgs
from components.observability.rules.model import Alert, RuleGroup


def own_alerts(args: ObservabilityArgs) -> RuleGroup:
    """Return teams' own alerts, routed as every alert of the service is, whatever labels their series have."""
    return RuleGroup(
        name="own",
        rules=tuple(
            Alert(
                name=name,
                expression=own.expression,
                hold=own.hold,
                severity=own.severity,
                labels={"service": service.name, "team": service.team},
                summary=own.summary,
                description=f"An alert of {service.team} for {service.name}.",
                runbook=own.runbook,
            )
            for service in args.services
            for name, own in service.alerts.items()
        ),
    )


def expression_fault(text: str) -> str | None:
    """Return what is wrong with an expression of PromQL, in the parser's words; None where it is well formed.

    An alert needs a vector; a text or a range would make Prometheus refuse the file with all rules in it.
    """
    try:
        expression = promql_parser.parse(text)
    except ValueError as error:
        return str(error)
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    if isinstance(expression, promql_parser.StringLiteral):
        return "it is a text"
    if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
        return "it is a range of samples; take e.g. its rate()"
    return None
