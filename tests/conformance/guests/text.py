"""A skill of the first interface, without version: text in, text out."""

import json

import wit_world
from steps import Answer, Steps


class WitWorld(wit_world.WitWorld):
    def run(self, in_):
        try:
            return json.dumps(Steps().take(json.loads(in_)))
        except Answer as answer:
            return answer.args[0].decode("latin-1")
