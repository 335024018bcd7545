"""Makes the database of a new ZenML installation."""

from zenml.client import Client

Client().active_stack
