"""The flows that the plans run their modules with."""

import pytest

from tests.conformance.party import Flow

CODE = Flow("code")
IMPLICIT = [Flow("id_token"), Flow("id_token token")]
HYBRID = [Flow("code id_token"), Flow("code token"), Flow("code id_token token")]
RESPONSES = [CODE, *IMPLICIT, *HYBRID]
FLOWS = [*RESPONSES, *(Flow(one.response_type, "form_post") for one in RESPONSES)]
WITH_CODE = [flow for flow in FLOWS if "code" in flow.parts]


def over(*flows: Flow) -> pytest.MarkDecorator:
    """Tell a story once with a client of each of the flows."""
    names = [flow.name for flow in flows]
    return pytest.mark.parametrize("party", flows, indirect=True, ids=names)
