// The nodes of a disk by path: who holds which bytes, what stands in which directory, where links lead, what was touched.
// Not here: the calls of a file system (disk.ts), what a path means (path.ts).
import { nameOf, normalizePath, parentOf, resolveLink } from './path.ts';

/** A time of null is the time at which the disk was opened. */
type Times = { readonly mode: number; readonly mtime: Date | null };
export type Leaf = Times & { readonly kind: 'file'; readonly bytes: Uint8Array };
export type Node =
  | Leaf
  | (Times & { readonly kind: 'directory' })
  | (Times & { readonly kind: 'link'; readonly target: string });

/** What a disk starts from. It is shared, and does not change. */
export type Base = { readonly nodes: ReadonlyMap<string, Node>; readonly bytes: number };

/** The modes of a new file, directory or link. */
export const NEW = { file: 0o644, directory: 0o755, link: 0o777 } as const;

/** Makes a base of nodes. */
export function makeBase(nodes: ReadonlyMap<string, Node>): Base {
  let bytes = 0;
  for (const node of nodes.values()) bytes += contentOf(node)?.length ?? 0;
  return { nodes, bytes };
}

/** Nodes never change: what looks like a change is another node in the place. Errors are those of a file system. */
export class Nodes {
  readonly #nodes: Map<string, Node>;
  readonly #most: number;
  #used: number;
  /** Contents that more than one path holds, and how many do. */
  readonly #shared = new Map<Uint8Array, number>();
  /** Names in each directory; made when first asked for. */
  #children: Map<string, Set<string>> | null = null;
  #touched = new Set<string>();
  #links = 0;
  readonly #identities = new WeakMap<Node, string>();
  #identity = 1;

  /** `most`: most bytes of all files. */
  constructor(base: Base, most: number) {
    this.#nodes = new Map(base.nodes);
    this.#used = base.bytes;
    this.#most = most;
  }

  get(at: string): Node | undefined {
    return this.#nodes.get(at);
  }

  has(at: string): boolean {
    return this.#nodes.has(at);
  }

  paths(): string[] {
    return [...this.#nodes.keys()];
  }

  /** The paths that were written or removed since this was last asked; with links, everything may have been. */
  takeTouched(): Iterable<string> {
    const touched = this.#links > 0 ? new Set([...this.#touched, ...this.#nodes.keys()]) : this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** The node at a path; `path` and `verb` are for the error. */
  find(at: string, path: string, verb: string): Node {
    const node = this.#nodes.get(at);
    if (node === undefined) throw new Error(`ENOENT: no such file or directory, ${verb} '${path}'`);
    return node;
  }

  /** Where a path leads: `open` follows all links in it, `lstat` all but the last. */
  follow(path: string, verb: 'open' | 'lstat'): string {
    const whole = normalizePath(path);
    if (this.#links === 0 || whole === '/') return whole;
    const parts = whole.slice(1).split('/');
    const last = verb === 'lstat' ? parts.pop() : undefined;
    const met = new Set<string>();
    let at = '';
    for (const part of parts) {
      at = `${at}/${part}`;
      for (let node = this.#nodes.get(at); node?.kind === 'link'; node = this.#nodes.get(at)) {
        if (met.has(at)) throw new Error(`ELOOP: too many levels of symbolic links, ${verb} '${path}'`);
        met.add(at);
        at = resolveLink(at, node.target);
      }
    }
    return last === undefined ? at : `${at}/${last}`;
  }

  /** A name that only this file has, whichever path leads to it. */
  identify(node: Node): string {
    const known = this.#identities.get(node);
    if (known !== undefined) return known;
    const identity = `disk:${this.#identity++}`;
    this.#identities.set(node, identity);
    return identity;
  }

  /** Another node for the same file. */
  twin(node: Leaf): Leaf {
    const twin = { ...node };
    this.#identities.set(twin, this.identify(node));
    return twin;
  }

  /** The names in a directory, in order, and where it is when links were followed. */
  list(path: string): { readonly at: string; readonly names: string[] } {
    refuseNull(path, 'scandir');
    let at = normalizePath(path);
    const met = new Set<string>();
    let node = this.find(at, path, 'scandir');
    while (node.kind === 'link') {
      if (met.has(at)) throw new Error(`ELOOP: too many levels of symbolic links, scandir '${path}'`);
      met.add(at);
      at = resolveLink(at, node.target);
      node = this.find(at, path, 'scandir');
    }
    if (node.kind !== 'directory') throw new Error(`ENOTDIR: not a directory, scandir '${path}'`);
    this.#children ??= listChildren(this.#nodes.keys());
    return { at, names: [...(this.#children.get(at) ?? [])].sort() };
  }

  /** Makes a directory, with all above it if `recursive`. */
  makeDirectory(path: string, recursive: boolean): void {
    const at = normalizePath(path);
    const old = this.#nodes.get(at);
    if (old?.kind === 'file') throw new Error(`EEXIST: file already exists, mkdir '${path}'`);
    if (old !== undefined && !recursive) throw new Error(`EEXIST: directory already exists, mkdir '${path}'`);
    if (old !== undefined) return;
    const parent = parentOf(at);
    if (parent !== '/' && !this.#nodes.has(parent)) {
      if (!recursive) throw new Error(`ENOENT: no such file or directory, mkdir '${path}'`);
      this.makeDirectory(parent, true);
    }
    this.put(at, { kind: 'directory', mode: NEW.directory, mtime: new Date() });
  }

  /** Makes the directories above a path. */
  makeParents(at: string): void {
    const parent = parentOf(at);
    if (parent === '/' || this.#nodes.has(parent)) return; // the root can be gone: `rm -r /`
    this.makeParents(parent);
    this.put(parent, { kind: 'directory', mode: NEW.directory, mtime: new Date() });
  }

  /** Puts a node at a path. `held`: another path holds its content already; `free`: the limit does not matter. */
  put(at: string, node: Node, how: 'counted' | 'held' | 'free' = 'counted'): void {
    const old = this.#nodes.get(at);
    const [before, after] = [contentOf(old), contentOf(node)];
    if (before !== after) {
      if (after !== null && how === 'counted') this.reserve(at, after.length);
      if (before !== null) this.#letGo(before);
      if (after !== null && how === 'held') this.#shared.set(after, (this.#shared.get(after) ?? 1) + 1);
      else this.#used += after?.length ?? 0;
    }
    this.#links += Number(node.kind === 'link') - Number(old?.kind === 'link');
    this.#nodes.set(at, node);
    this.#touched.add(at);
    if (old === undefined) addChild(this.#children, at);
  }

  /** Takes away what stands at a path. */
  remove(at: string): void {
    const old = this.#nodes.get(at);
    if (old === undefined) return;
    const content = contentOf(old);
    if (content !== null) this.#letGo(content);
    if (old.kind === 'link') this.#links--;
    this.#nodes.delete(at);
    this.#touched.add(at);
    this.#children?.get(parentOf(at))?.delete(nameOf(at));
  }

  /** The same content under other metadata. */
  replace(at: string, node: Node): void {
    const old = this.#nodes.get(at);
    const identity = old === undefined ? undefined : this.#identities.get(old);
    if (identity !== undefined) this.#identities.set(node, identity);
    this.#nodes.set(at, node);
  }

  #letGo(content: Uint8Array): void {
    const holders = this.#shared.get(content) ?? 1;
    if (holders === 1) this.#used -= content.length;
    else if (holders === 2) this.#shared.delete(content);
    else this.#shared.set(content, holders - 1);
  }

  /** Throws unless so many bytes fit in the place of what stands at a path. */
  reserve(at: string, bytes: number): void {
    const old = contentOf(this.#nodes.get(at));
    const freed = old === null || this.#shared.has(old) ? 0 : old.length;
    if (bytes > this.#most - this.#used + freed)
      throw new Error(`ENOSPC: in-memory filesystem byte limit exceeded (${this.#most} bytes)`);
  }
}

function contentOf(node: Node | undefined): Uint8Array | null {
  return node?.kind === 'file' ? node.bytes : null;
}

function listChildren(paths: Iterable<string>): Map<string, Set<string>> {
  const children = new Map<string, Set<string>>();
  for (const path of paths) addChild(children, path);
  return children;
}

function addChild(children: Map<string, Set<string>> | null, path: string): void {
  if (children === null || path === '/') return;
  const parent = parentOf(path);
  const names = children.get(parent);
  if (names === undefined) children.set(parent, new Set([nameOf(path)]));
  else names.add(nameOf(path));
}

/** Refuses a path that holds a null byte. */
export function refuseNull(path: string, verb: string): void {
  if (path.includes('\0')) throw new Error(`ENOENT: path contains null byte, ${verb} '${path}'`);
}
