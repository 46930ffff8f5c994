"""Whether Entra takes a certificate: tokens for Graph and for CRS, asked for with it and thrown away."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from ...config.model import Server
from ...errors import SourceError
from ...mdm.codes import MdmCode
from ...mdm.http import HttpClient
from ...mdm.tokens import Tokens, TokenUse
from ..codes import OperationCode
from ..errors import OperationError
from .files import Files
from .new import upload_steps

_UNKNOWN = re.compile(r"AADSTS700027\b")  # intune.md section 2.5: the key was not found at the application
_MORE_TIME = 3  # times what a question of an authentication may take


def prove(
    server: Server, files: Files, clock: Callable[[], float] = time.time, report: Callable[[str], None] = lambda _: None
) -> None:
    """Return if Entra gave both tokens. Blocks for the network.

    Raises OperationError: M1841 when the files can't be used, M1842 when Entra does not know the certificate,
    M1808 when it could not be asked or refused for another reason.
    """
    candidate = replace(server, certificate_file=files.certificate, key_file=files.key)
    http = HttpClient(candidate)
    tokens = Tokens(candidate, http, clock)
    try:
        for use in TokenUse:
            report(f"asking {server.cloud.login_host} for a {use.value} token with {files.certificate}")
            with http.budget(_MORE_TIME * http.exchange_limit):
                tokens.get(use)
    except SourceError as error:
        raise _refused(server, files, error) from None
    finally:
        http.close()


def _refused(server: Server, files: Files, error: SourceError) -> OperationError:
    if error.code == MdmCode.CREDENTIAL:
        return OperationError(
            OperationCode.CERTIFICATE_UNUSABLE, error.detail, where=str(files.certificate), next=error.advice
        )
    if _UNKNOWN.search(error.detail):
        steps = "; ".join(upload_steps(server, files.certificate))
        return OperationError(
            OperationCode.CERTIFICATE_NOT_UPLOADED,
            f"Entra does not know {files.certificate}: {error.detail}",
            allowed="a certificate that has been uploaded to the application; it can take some minutes until it counts",
            next=f"{steps}; then mdmctl cert switch {server.name} again",
        )
    return OperationError(
        OperationCode.NOT_DONE, f"Entra gave no token: {error.code} {error.detail}", next=error.advice
    )
