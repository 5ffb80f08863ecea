"""nats-py's client, with the promise that who asked for TLS never speaks in clear. Not how the connection is kept."""

import ssl

import nats.errors
from nats.aio.client import Client


class BrokerClient(Client):
    """Refuses a broker without TLS where TLS was asked for.

    nats-py goes by what the broker says of itself before anything is encrypted: with a `tls://` URL and a certificate
    authority it sends user and password in clear to whoever says that TLS is not required.
    """

    def _connect_command(self) -> bytes:
        # Called on each connection, when TLS is up if it ever is, to make the first thing that is sent.
        options: dict[str, object] = self.options
        if isinstance(options.get("tls"), ssl.SSLContext) and not self._server_info.get("tls_required"):
            raise nats.errors.Error("The broker does not offer TLS, which our settings ask for.")
        return super()._connect_command()
