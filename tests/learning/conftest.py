"""Tests that train for seconds to minutes, on fixed seeds."""

import pytest

from tutelage import train
from tutelage.cli import demo


@pytest.fixture(scope="session")
def chatbot():
    """The demo's chatbot before it is taught."""
    return train.train_chatbot(demo.shipped_conversations(), demo.chatbot_config(0, False))
