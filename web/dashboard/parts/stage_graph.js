// The stages of a pipeline as a graph: what waits for what, and how each is. To who does not see it, a list in order.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { Badge } from "./badge.js";
import { layOut } from "./layout.js";

/** @import { ComponentChildren } from "preact" */
/** @import { Layout, Place } from "./layout.js" */

const NODE = { least: 136, most: 208, height: 76 }; // pixels
const GAP = { along: 36, across: 16 };

/**
 * @typedef {object} GraphStage
 * @property {string} id
 * @property {string} name
 * @property {string[]} needs
 * @property {string} [status] shown as a badge
 * @property {ComponentChildren} [note] a few words more
 */

/**
 * From left to right where that fits, else downwards, else as a plain list.
 * @param {{stages: GraphStage[], selected?: string | null, onSelect?: (id: string) => void, label?: string}} props
 *   with `onSelect` each stage is a button
 */
export function StageGraph({ stages, selected = null, onSelect, label = "Stages" }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(frame);
  const shape = stages.map(({ id, needs }) => `${id} ${needs}`).join("\n");
  const layout = useMemo(() => layOut(stages), [shape]);
  const drawing = draw(layout, width);
  useEffect(() => {
    if (frame.current !== null) showSelected(frame.current);
  }, [selected, drawing === null, width > 0]);
  const statuses = new Map(stages.map(({ id, status }) => [id, status]));
  return html`<div class=${`graph ${drawing ? "" : "graph-list"}`} ref=${frame}>
    <div class="graph-canvas" style=${drawing ? pixels(drawing.whole) : {}}>
      ${drawing &&
      html`<svg width=${drawing.whole.width} height=${drawing.whole.height} aria-hidden="true">
        ${drawing.lines.map(({ from, to, path }) => html`<path key=${`${from} ${to}`} class=${`edge ${statuses.get(from) ?? ""}`} d=${path} />`)}
      </svg>`}
      <ol aria-label=${label}>
        ${stages.map(
          (stage) => html`<li key=${stage.id} style=${drawing ? pixels(drawing.boxes.get(stage.id) ?? {}) : {}}>
            <${StageNode} stage=${stage} isSelected=${selected === stage.id} onSelect=${onSelect} />
          </li>`,
        )}
      </ol>
    </div>
  </div>`;
}

/**
 * Turn places into pixels; null where there is no room for a graph.
 * @param {Layout} layout
 * @param {number} width
 */
function draw(layout, width) {
  const across = fitting(width, layout.layers, GAP.along);
  const beside = fitting(width, layout.lanes, GAP.across);
  const isUpright = across < NODE.least;
  if (isUpright && beside < NODE.least) return null;
  const size = Math.min(NODE.most, isUpright ? beside : across);
  const steps = isUpright
    ? { layer: NODE.height + GAP.along, lane: size + GAP.across }
    : { layer: size + GAP.along, lane: NODE.height + GAP.across };
  /** @param {Place} place */
  const at = ({ layer, lane }) => {
    const [along, aside] = [layer * steps.layer, lane * steps.lane];
    return isUpright ? { x: aside, y: along } : { x: along, y: aside };
  };
  const whole = at({ layer: layout.layers, lane: layout.lanes });
  const gaps = isUpright ? { x: GAP.across, y: GAP.along } : { x: GAP.along, y: GAP.across };
  return {
    whole: { width: whole.x - gaps.x, height: whole.y - gaps.y },
    boxes: new Map(
      [...layout.places].map(([id, place]) => {
        const { x, y } = at(place);
        return [id, { left: x, top: y, width: size, height: NODE.height }];
      }),
    ),
    lines: layout.edges.map(({ from, to, way }) => ({ from, to, path: line(way.map(at), size, isUpright) })),
  };
}

/** @param {Record<string, number>} lengths */
function pixels(lengths) {
  return Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, `${length}px`]));
}

/** @param {{stage: GraphStage, isSelected: boolean, onSelect?: (id: string) => void}} props */
function StageNode({ stage, isSelected, onSelect }) {
  const inside = html`<span class="node-name">${stage.name}</span>
    <span class="node-state">${stage.status && html`<${Badge} status=${stage.status} />`}<span class="node-note">${stage.note}</span></span>`;
  const kind = `node ${stage.status ?? ""}`;
  if (!onSelect) return html`<div class=${kind}>${inside}</div>`;
  return html`<button class=${kind} aria-pressed=${isSelected} onClick=${() => onSelect(stage.id)}>${inside}</button>`;
}

/** Scroll a graph that is higher than its place, and nothing else, to the stage that is selected. @param {HTMLElement} frame */
function showSelected(frame) {
  const node = frame.querySelector("[aria-pressed=true]");
  if (node === null) return;
  const [place, box] = [frame.getBoundingClientRect(), node.getBoundingClientRect()];
  if (box.top < place.top || box.bottom > place.bottom) frame.scrollTop += box.top - place.top - (place.height - box.height) / 2;
}

/** How wide each of so many may be. @param {number} width @param {number} count @param {number} gap */
function fitting(width, count, gap) {
  return count === 0 ? NODE.most : Math.floor((width - (count - 1) * gap) / count);
}

/** @param {{current: HTMLElement | null}} frame */
function useWidth(frame) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

/**
 * @param {{x: number, y: number}[]} points the corners of nodes on the way
 * @param {number} size
 * @param {boolean} isUpright
 */
function line(points, size, isUpright) {
  const [width, height] = [size, NODE.height];
  const out = ({ x = 0, y = 0 } = {}) => (isUpright ? [x + width / 2, y + height] : [x + width, y + height / 2]);
  const into = ({ x = 0, y = 0 } = {}) => (isUpright ? [x + width / 2, y] : [x, y + height / 2]);
  const parts = [];
  for (let index = 1; index < points.length; index += 1) {
    const [[x0 = 0, y0 = 0], [x1 = 0, y1 = 0]] = [out(points[index - 1]), into(points[index])];
    const middle = isUpright ? (y0 + y1) / 2 : (x0 + x1) / 2;
    const bend = isUpright ? `${x0} ${middle}, ${x1} ${middle}` : `${middle} ${y0}, ${middle} ${y1}`;
    parts.push(`${index === 1 ? "M" : "L"}${x0} ${y0} C${bend}, ${x1} ${y1}`);
  }
  return parts.join(" ");
}
