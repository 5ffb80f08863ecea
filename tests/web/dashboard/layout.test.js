// Where stages are drawn.

import assert from "node:assert/strict";
import test from "node:test";

import { layOut } from "../../../web/dashboard/parts/layout.js";

const node = (id, ...needs) => ({ id, needs });
const lines = ({ edges }) => edges.map(({ from, to }) => `${from}>${to}`);

test("a chain is one lane", () => {
  const layout = layOut([node("a"), node("b", "a"), node("c", "b")]);
  assert.deepEqual([...layout.places.values()], [0, 1, 2].map((layer) => ({ layer, lane: 0 })));
  assert.deepEqual([layout.layers, layout.lanes, lines(layout)], [3, 1, ["a>b", "b>c"]]);
});

test("stages that run side by side stand side by side, and what waits for both is centred", () => {
  const layout = layOut([node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")]);
  assert.deepEqual(layout.places.get("a"), { layer: 0, lane: 0.5 });
  assert.deepEqual([layout.places.get("b"), layout.places.get("c")], [{ layer: 1, lane: 0 }, { layer: 1, lane: 1 }]);
  assert.deepEqual(layout.places.get("d"), { layer: 2, lane: 0.5 });
});

test("a need that another one implies is not drawn", () => {
  const layout = layOut([node("a"), node("b", "a"), node("c", "a", "b"), node("d", "a", "c")]);
  assert.deepEqual(lines(layout), ["a>b", "b>c", "c>d"]);
});

test("an edge over a layer keeps a place of its own there, so that it goes through no stage", () => {
  const layout = layOut([node("x"), node("y"), node("z", "y"), node("w", "x", "z")]);
  const long = layout.edges.find(({ from }) => from === "x");
  assert.equal(long.way.length, 3);
  assert.notDeepEqual(long.way[1], layout.places.get("z"));
  assert.equal(layout.lanes, 2);
});

test("every stage has a place of its own, behind all that it needs", () => {
  const nodes = Array.from({ length: 40 }, (_, index) =>
    node(`s${index}`, ...[index - 1, index - 3, index - 7].filter((need) => need >= 0 && need % 3 !== index % 2).map((need) => `s${need}`)),
  );
  const { places } = layOut(nodes);
  assert.equal(new Set([...places.values()].map(({ layer, lane }) => `${layer} ${lane}`)).size, 40);
  for (const { id, needs } of nodes) for (const need of needs) assert.ok(places.get(need).layer < places.get(id).layer);
});

test("no stages, unknown needs and doubled needs are no fault", () => {
  assert.deepEqual(layOut([]), { layers: 0, lanes: 0, places: new Map(), edges: [] });
  assert.deepEqual(lines(layOut([node("a", "gone", "a"), node("b", "a", "a")])), ["a>b"]);
});

test("the file may have them in another order than they run in", () => {
  const layout = layOut([node("c", "a", "b"), node("b", "a"), node("a")]);
  assert.deepEqual(["a", "b", "c"].map((id) => layout.places.get(id).layer), [0, 1, 2]);
  assert.deepEqual(lines(layout), ["b>c", "a>b"]);
});

test("what no pipeline can have, a circle, is drawn somehow", () => {
  assert.equal(layOut([node("a", "b"), node("b", "a")]).places.size, 2);
});
