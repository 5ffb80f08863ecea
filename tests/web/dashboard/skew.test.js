// By how much clocks differ.

import assert from "node:assert/strict";
import test from "node:test";

import { Skew } from "../../../web/dashboard/parts/skew.js";

const noted = (...samples) => {
  const skew = new Skew();
  for (const [ahead, isLive] of samples) skew.note(ahead, isLive);
  return skew.ms;
};

test("clocks that agree are left alone, however long the way is now and then", () => {
  assert.equal(noted(), 0);
  assert.equal(noted([-40, true], [-900, true], [-30_000, true], [-25, true]), 0);
});

test("a machine that is behind learns it from the first event", () => {
  assert.equal(noted([300_000, false]), 300_000);
  assert.equal(noted([299_000, true], [299_950, true]), 299_950);
});

test("a machine that is ahead learns it from several events that happen now, and from no old one", () => {
  assert.equal(noted([-300_000, false], [-900_000, false], [-600_000, false]), 0);
  assert.equal(noted([-60_500, true]), 0);
  assert.equal(noted([-60_500, true], [-60_020, true], [-61_000, true]), -60_020);
});

test("what is no time is passed over", () => {
  assert.equal(noted([NaN, true], [NaN, true], [NaN, true]), 0);
});
