// A chart as a picture that stands alone, in the colours of the page: lines, dashes, legend, axis. One description, written as SVG or
// painted as PNG. The PNG is painted stroke by stroke: the page's policy lets no picture in that could be drawn onto a canvas.
import { sayHidden, svg } from './dom.ts';

/** A path in the units of the plot, as the page shows it. */
export type Stroke = {
  readonly d: string;
  readonly stroke: string;
  readonly fill: string;
  readonly opacity: number;
  readonly width: number;
  readonly dash: readonly number[];
};

export type Legend = { readonly text: string; readonly key: Stroke | null };

/** `ticks` and strokes count from 0 to `size` over the plot, downwards. */
export type Picture = {
  readonly title: string;
  readonly size: number;
  readonly strokes: readonly Stroke[];
  readonly legend: readonly Legend[];
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly span: readonly [first: string, last: string];
  readonly paper: string;
  readonly ink: string;
};

type Word = {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly end: boolean;
  readonly bold: boolean;
};

const [WIDTH, LEFT, RIGHT, PLOT] = [900, 76, 24, 360];
const [HEAD, ROW] = [34, 20];
const FONT = 'system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif';

/** How a path looks on the page. */
export function readStroke(path: SVGPathElement, fade: number): Stroke {
  const { stroke, fill, strokeWidth, strokeDasharray } = getComputedStyle(path);
  const dash = strokeDasharray === 'none' ? [] : strokeDasharray.split(/[ ,]+/).map((part) => Number.parseFloat(part));
  return {
    d: path.getAttribute('d') ?? '',
    stroke,
    fill,
    opacity: fade,
    width: Number.parseFloat(strokeWidth) || 1,
    dash: dash.every((part) => part > 0) ? dash : [],
  };
}

const topOf = ({ legend }: Picture): number => HEAD + legend.length * ROW + 14;
const heightOf = (picture: Picture): number => topOf(picture) + PLOT + 40;
const scaleOf = ({ size }: Picture): readonly [number, number] => [(WIDTH - LEFT - RIGHT) / size, PLOT / size];
const keyAt = (at: number): number => HEAD + at * ROW + 10;

function listWords(picture: Picture): readonly Word[] {
  const { title, legend, ticks, span, size } = picture;
  const top = topOf(picture);
  const word = (x: number, y: number, text: string, end = false, bold = false): Word => {
    return { x, y, text: sayHidden(text), end, bold };
  };
  return [
    word(LEFT, 24, title, false, true),
    ...legend.map(({ text, key }, at) => word(key === null ? LEFT : LEFT + 40, keyAt(at) + 4, text)),
    ...ticks.map(({ at, text }) => word(LEFT - 10, top + (at / size) * PLOT + 4, text, true)),
    word(LEFT, top + PLOT + 24, span[0]),
    word(WIDTH - RIGHT, top + PLOT + 24, span[1], true),
  ];
}

/** The picture as SVG. */
export function toSvg(picture: Picture): string {
  const { strokes, legend, paper, ink } = picture;
  const [x, y] = scaleOf(picture);
  const path = ({ d, stroke, fill, opacity, width, dash }: Stroke): SVGPathElement =>
    svg('path', {
      ...{ d, stroke, fill, opacity, 'stroke-width': width, 'vector-effect': 'non-scaling-stroke' },
      ...{ 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'stroke-dasharray': dash.join(' ') || undefined },
    });
  const words = listWords(picture).map(({ x, y, text, end, bold }) => {
    const look = { 'font-family': FONT, 'font-size': 13, 'font-weight': bold ? 600 : undefined, fill: ink };
    const node = svg('text', { x, y, 'text-anchor': end ? 'end' : 'start', ...look });
    node.textContent = text;
    return node;
  });
  const keys = legend.flatMap(({ key }, at) => (key === null ? [] : [path({ ...key, d: `M${LEFT} ${keyAt(at)}h30` })]));
  const height = heightOf(picture);
  const drawn = svg(
    'svg',
    { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` },
    svg('rect', { width: '100%', height: '100%', fill: paper }),
    svg('g', { transform: `translate(${LEFT} ${topOf(picture)}) scale(${x} ${y})` }, strokes.map(path)),
    keys,
    words,
  );
  return new XMLSerializer().serializeToString(drawn);
}

/** The picture as PNG, two dots to a pixel. Rejects where the browser has no canvas to give. */
export async function toPng(picture: Picture): Promise<Blob> {
  const canvas = document.createElement('canvas');
  const height = heightOf(picture);
  [canvas.width, canvas.height] = [2 * WIDTH, 2 * height];
  const on = canvas.getContext('2d');
  if (on === null) throw new Error('this browser gives no canvas');
  on.scale(2, 2);
  on.fillStyle = picture.paper;
  on.fillRect(0, 0, WIDTH, height);
  paintStrokes(on, picture);
  paintWords(on, picture);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob === null ? fail(new Error('the browser made no PNG')) : done(blob)), 'image/png'),
  );
}

function paintStrokes(on: CanvasRenderingContext2D, picture: Picture): void {
  const [x, y] = scaleOf(picture);
  const place = new DOMMatrix([x, 0, 0, y, LEFT, topOf(picture)]);
  const paint = (path: Path2D, { stroke, fill, opacity, width, dash }: Stroke): void => {
    on.globalAlpha = opacity;
    on.lineWidth = width;
    on.setLineDash([...dash]);
    on.strokeStyle = stroke;
    on.fillStyle = fill;
    // A colour the canvas does not know, `none`, leaves the one before.
    if (fill !== 'none') on.fill(path);
    if (stroke !== 'none') on.stroke(path);
  };
  [on.lineCap, on.lineJoin] = ['round', 'round'];
  for (const stroke of picture.strokes) {
    const path = new Path2D();
    path.addPath(new Path2D(stroke.d), place);
    paint(path, stroke);
  }
  for (const [at, { key }] of picture.legend.entries())
    if (key !== null) paint(new Path2D(`M${LEFT} ${keyAt(at)}h30`), key);
  on.globalAlpha = 1;
}

function paintWords(on: CanvasRenderingContext2D, picture: Picture): void {
  on.fillStyle = picture.ink;
  for (const { x, y, text, end, bold } of listWords(picture)) {
    on.font = `${bold ? '600 ' : ''}13px ${FONT}`;
    on.textAlign = end ? 'right' : 'left';
    on.fillText(text, x, y);
  }
}
