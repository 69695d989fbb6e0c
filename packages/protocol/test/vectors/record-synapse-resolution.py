"""Resolves the graphs of a vectors file with Synapse and writes its results into the file.

In a virtual environment outside the checkout:

    pip install matrix-synapse
    cd /tmp && python <checkout>/packages/protocol/test/vectors/record-synapse-resolution.py <checkout>/packages/protocol/test/vectors/state-resolution.json

(from another folder, because Python looks for modules in the current one first). The graphs themselves come from
draw-resolution-graphs.ts. An event's number is its place in its graph's list; `states` and `resolved` hold such numbers.
"""

import asyncio
import json
import sys

import synapse
import synapse.event_auth  # before synapse.state: the two import each other
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_dict
from synapse.state import v1, v2
from synapse.storage.databases.main.event_federation import StateDifference

CREATE = "m.room.create"


class Clock:
    async def sleep(self, duration):
        pass


class NothingStored:
    """All events are handed over as not yet stored, so that Synapse's own code walks the auth chains."""

    async def get_events(self, event_ids, allow_rejected=False):
        return {}

    async def get_auth_chain_difference(self, room_id, state_sets, conflicted_state, additional):
        return StateDifference(auth_difference=set(), conflicted_subgraph=set() if conflicted_state is not None else None)


def build(graph):
    version = KNOWN_ROOM_VERSIONS[graph["roomVersion"]]
    events = []
    room_id = "!room:a.example"
    for drawn in graph["events"]:
        event = {
            "type": drawn["type"],
            "state_key": drawn["key"],
            "sender": drawn["sender"],
            "content": drawn["content"],
            "depth": drawn["depth"],
            "origin_server_ts": drawn["ts"],
            "prev_events": [events[number].event_id for number in drawn["prev"]],
            "auth_events": [events[number].event_id for number in drawn["auth"]],
            "hashes": {"sha256": ""},
            "signatures": {},
        }
        in_room = not (version.identifier == "12" and drawn["type"] == CREATE)
        if in_room:
            event["room_id"] = room_id
        built = make_event_from_dict(event, version, rejected_reason="rejected" if drawn.get("rejected") else None)
        if not in_room:
            room_id = "!" + built.event_id[1:]
        events.append(built)
    return version, room_id, events


async def resolve(graph):
    version, room_id, events = build(graph)
    numbers = {event.event_id: number for number, event in enumerate(events)}

    def states():
        return [
            {(events[number].type, events[number].state_key): events[number].event_id for number in state}
            for state in graph["states"]
        ]

    def event_map():
        return {event.event_id: event for event in events}

    async def none_missing(event_ids):
        return {event_id: event_map()[event_id] for event_id in event_ids}

    results = {}
    for algorithm in graph["resolved"]:
        if algorithm == "v1":
            state = await v1.resolve_events_with_store(room_id, version, states(), event_map(), none_missing)
        else:
            state = await v2.resolve_events_with_store(
                Clock(), room_id, version, states(), event_map(), NothingStored()
            )
        results[algorithm] = sorted(numbers[event_id] for event_id in state.values())
    graph["resolved"] = results
    graph["lastEventId"] = events[-1].event_id


def write(vectors, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write('{\n"note": %s,\n"graphs": [\n' % json.dumps(vectors["note"]))
        graphs = []
        for graph in vectors["graphs"]:
            events = ",\n".join(json.dumps(event, separators=(",", ":")) for event in graph["events"])
            rest = {key: value for key, value in graph.items() if key != "events"}
            graphs.append('%s,"events":[\n%s]}' % (json.dumps(rest, separators=(",", ":"))[:-1], events))
        file.write(",\n".join(graphs) + "\n]}\n")


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    for graph in vectors["graphs"]:
        asyncio.run(resolve(graph))
    vectors["note"] = "Resolved by Synapse %s; see record-synapse-resolution.py." % synapse.__version__
    write(vectors, path)


main()
