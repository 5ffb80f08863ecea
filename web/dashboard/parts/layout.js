// Where the stages of a pipeline are drawn: in layers from first to last, each behind all that it needs. Pure.

/**
 * @typedef {{id: string, needs: string[]}} Node
 * @typedef {{layer: number, lane: number}} Place `lane` may be a fraction: layers are centred
 * @typedef {{from: string, to: string, way: Place[]}} Edge `way`: where it goes through, both ends included
 * @typedef {{layers: number, lanes: number, places: Map<string, Place>, edges: Edge[]}} Layout
 */

/**
 * Lay out a graph without circles. A need that another need implies is not drawn, nor one that there is not.
 * @param {Node[]} nodes in file order, which need not be the order in which they run
 * @returns {Layout}
 */
export function layOut(nodes) {
  const needs = knownNeeds(nodes);
  const layerOf = layered(needs);
  /** @type {string[][]} what stands in each layer: stages, and the places that edges to later layers need */
  const layers = Array.from({ length: Math.max(0, ...layerOf.values()) + (nodes.length > 0 ? 1 : 0) }, () => []);
  for (const { id } of nodes) layers[layerOf.get(id) ?? 0]?.push(id);
  const drawn = directNeeds(nodes, needs);
  /** @type {{from: string, to: string, stops: string[]}[]} */
  const edges = [];
  for (const { id } of nodes) {
    for (const need of drawn.get(id) ?? []) {
      const stops = [need];
      for (let layer = (layerOf.get(need) ?? 0) + 1; layer < (layerOf.get(id) ?? 0); layer += 1) {
        const stop = `${need} to ${id} in ${layer}`; // no id has a space
        layers[layer]?.push(stop);
        stops.push(stop);
      }
      edges.push({ from: need, to: id, stops: [...stops, id] });
    }
  }
  const places = placed(layers, edges);
  return {
    layers: layers.length,
    lanes: Math.max(0, ...layers.map((layer) => layer.length)),
    places: new Map(nodes.map(({ id }) => [id, places.get(id) ?? { layer: 0, lane: 0 }])),
    edges: edges.map(({ from, to, stops }) => ({ from, to, way: stops.map((stop) => places.get(stop) ?? { layer: 0, lane: 0 }) })),
  };
}

/**
 * @param {Node[]} nodes
 * @returns {Map<string, string[]>}
 */
function knownNeeds(nodes) {
  const ids = new Set(nodes.map(({ id }) => id));
  return new Map(nodes.map((node) => [node.id, [...new Set(node.needs)].filter((need) => ids.has(need) && need !== node.id)]));
}

/**
 * @param {Map<string, string[]>} needs
 * @returns {Map<string, number>} for each the longest way to it
 */
function layered(needs) {
  /** @type {Map<string, number>} */
  const layerOf = new Map();
  /** @param {string} id @returns {number} */
  const find = (id) => {
    const known = layerOf.get(id);
    if (known !== undefined) return known;
    layerOf.set(id, 0); // a circle, which no pipeline has, would end here
    const layer = Math.max(-1, ...(needs.get(id) ?? []).map(find)) + 1;
    layerOf.set(id, layer);
    return layer;
  };
  for (const id of needs.keys()) find(id);
  return layerOf;
}

/**
 * Leave out each need that another one needs itself.
 * @param {Node[]} nodes
 * @param {Map<string, string[]>} needs
 */
function directNeeds(nodes, needs) {
  /** @type {Map<string, Set<string>>} */
  const all = new Map();
  /** @param {string} id @returns {Set<string>} */
  const find = (id) => {
    const known = all.get(id);
    if (known !== undefined) return known;
    /** @type {Set<string>} */
    const found = new Set();
    all.set(id, found);
    for (const need of needs.get(id) ?? []) for (const one of [need, ...find(need)]) found.add(one);
    return found;
  };
  for (const { id } of nodes) find(id);
  return new Map(
    nodes.map(({ id }) => {
      const own = needs.get(id) ?? [];
      return [id, own.filter((need) => !own.some((other) => all.get(other)?.has(need)))];
    }),
  );
}

/**
 * Put each layer into the order of what leads to it, so that few edges cross, and centre it.
 * @param {string[][]} layers
 * @param {{stops: string[]}[]} edges
 */
function placed(layers, edges) {
  /** @type {Map<string, string[]>} */
  const before = new Map();
  for (const { stops } of edges) {
    stops.slice(1).forEach((stop, index) => before.set(stop, [...(before.get(stop) ?? []), stops[index] ?? ""]));
  }
  /** @type {Map<string, Place>} */
  const places = new Map();
  const most = Math.max(0, ...layers.map((layer) => layer.length));
  layers.forEach((ids, layer) => {
    const weight = (/** @type {string} */ id) => {
      const lanes = (before.get(id) ?? []).map((one) => places.get(one)?.lane ?? 0);
      return lanes.length === 0 ? 0 : lanes.reduce((sum, lane) => sum + lane, 0) / lanes.length;
    };
    const ordered = ids.map((id, index) => ({ id, index, weight: weight(id) }));
    ordered.sort((one, other) => one.weight - other.weight || one.index - other.index);
    ordered.forEach(({ id }, index) => places.set(id, { layer, lane: index + (most - ids.length) / 2 }));
  });
  return places;
}
