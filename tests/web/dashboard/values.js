// Values that fit a JSON Schema, by chance and the same each time: for tests that hold for all of them.

import { flatten } from "../../../web/dashboard/run/schema.js";

/** A small generator of numbers from 0 to 1 (mulberry32). */
export function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES = ["a", "Z", " ", "\n", "0", "{{ x }}", "<b>", '"', "é", "😀", "[", ","];

export function valueOf(schema, defs, random, depth = 0) {
  const flat = flatten(schema, defs);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const between = (least, most) => least + Math.floor(random() * (most - least + 1));
  if (flat.enum) return pick(flat.enum);
  if (flat.anyOf) return valueOf(pick(flat.anyOf), defs, random, depth);
  switch (Array.isArray(flat.type) ? pick(flat.type) : flat.type) {
    case "string":
      return Array.from({ length: between(flat.minLength ?? 0, Math.min(flat.maxLength ?? 12, 12)) }, () => pick(PIECES)).join("").slice(0, 12);
    case "integer":
      return between(flat.minimum ?? -1000, flat.maximum ?? 1000);
    case "number":
      return (flat.minimum ?? -5) + random() * ((flat.maximum ?? 5) - (flat.minimum ?? -5));
    case "boolean":
      return random() < 0.5;
    case "array":
      return Array.from({ length: between(flat.minItems ?? 0, Math.min(flat.maxItems ?? 4, 4)) }, () => valueOf(flat.items ?? {}, defs, random, depth + 1));
    case "object": {
      const known = Object.entries(flat.properties ?? {}).filter(([name]) => flat.required?.includes(name) || random() < 0.4);
      if (depth > 3) return {};
      return Object.fromEntries(known.map(([name, inner]) => [name, valueOf(inner, defs, random, depth + 1)]));
    }
    default:
      return pick([null, 1, "x", true, [], {}]);
  }
}
