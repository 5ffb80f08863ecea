// The stages of a pipeline as a graph: what waits for what, and how each is. To who does not see it, a list in order.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { Badge } from "./badge.js";
import { layOut } from "./layout.js";

/** @import { ComponentChildren } from "preact" */
/** @import { Place } from "./layout.js" */

const NODE = { least: 136, most: 208, height: 68 }; // pixels
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
 * @param {{stages: GraphStage[], selected?: string | null, onSelect?: (id: string) => void, label?: string}} props
 *   with `onSelect` each stage is a button
 */
export function StageGraph({ stages, selected = null, onSelect, label = "Stages" }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(frame);
  const shape = stages.map(({ id, needs }) => `${id} ${needs}`).join("\n");
  const layout = useMemo(() => layOut(stages), [shape]);
  const across = fitting(width, layout.layers, GAP.along);
  const isUpright = width > 0 && across < NODE.least;
  const size = Math.max(NODE.least, Math.min(NODE.most, isUpright ? fitting(width, layout.lanes, GAP.across) : across));
  const lengths = isUpright ? [NODE.height + GAP.along, size + GAP.across] : [size + GAP.along, NODE.height + GAP.across];
  const [along = 0, beside = 0] = lengths;
  const at = (/** @type {Place} */ { layer, lane }) =>
    isUpright ? { x: lane * beside, y: layer * along } : { x: layer * along, y: lane * beside };
  const whole = isUpright
    ? { width: layout.lanes * beside - GAP.across, height: layout.layers * along - GAP.along }
    : { width: layout.layers * along - GAP.along, height: layout.lanes * beside - GAP.across };
  const statuses = new Map(stages.map(({ id, status }) => [id, status]));
  return html`<div class="graph" ref=${frame}>
    <div class="graph-canvas" style=${{ width: `${whole.width}px`, height: `${whole.height}px` }}>
      <svg width=${whole.width} height=${whole.height} aria-hidden="true">
        ${layout.edges.map(
          ({ from, to, way }) =>
            html`<path key=${`${from} ${to}`} class=${`edge ${statuses.get(from) ?? ""}`} d=${line(way.map(at), size, isUpright)} />`,
        )}
      </svg>
      <ol aria-label=${label}>
        ${stages.map((stage) => {
          const { x, y } = at(layout.places.get(stage.id) ?? { layer: 0, lane: 0 });
          const place = { left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${NODE.height}px` };
          return html`<li key=${stage.id} style=${place}>
            <${StageNode} stage=${stage} isSelected=${selected === stage.id} onSelect=${onSelect} />
          </li>`;
        })}
      </ol>
    </div>
  </div>`;
}

/** @param {{stage: GraphStage, isSelected: boolean, onSelect?: (id: string) => void}} props */
function StageNode({ stage, isSelected, onSelect }) {
  const inside = html`<span class="node-name">${stage.name}</span>
    <span class="node-state">${stage.status && html`<${Badge} status=${stage.status} />`}<span class="node-note">${stage.note}</span></span>`;
  const kind = `node ${stage.status ?? ""}`;
  if (!onSelect) return html`<div class=${kind}>${inside}</div>`;
  return html`<button class=${kind} aria-pressed=${isSelected} onClick=${() => onSelect(stage.id)}>${inside}</button>`;
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
