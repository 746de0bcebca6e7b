"""The one web process: pages over HTTP, live events over websockets."""

import os
import warnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["DATABASE_POOL"] = os.environ.get("DATABASE_POOL") or "1"

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402 - it needs the loaded apps

from config.handler import beside_pages  # noqa: E402
from config.lifespan import lifespan  # noqa: E402
from config.routing import websocket  # noqa: E402

# WhiteNoise reads its small files synchronously; Django warns at each of them.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = ProtocolTypeRouter({"http": beside_pages(http), "websocket": websocket, "lifespan": lifespan})
