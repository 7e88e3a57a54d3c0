// The file system of a shell: files, directories and links in memory, as just-bash's own InMemoryFs has them (a test plays
// both against each other), with three differences that make worlds cheap. Nodes never change, so that all worlds of a
// template start from the same ones; a directory knows its children; and it is noted which paths were touched, so that
// nobody has to look at all files after each command. Nothing here reaches a file of the host.
import {
  type ByteString,
  type CpOptions,
  type FileContent,
  type FsStat,
  type IFileSystem,
  type MkdirOptions,
  type RmOptions,
  unsafeBytesFromLatin1,
} from 'just-bash';
import { type Base, type Leaf, NEW, type Node, Nodes, refuseNull } from './nodes.ts';
import { isWithin, joinPath, normalizePath, parentOf, resolvePath } from './path.ts';

type Encoding = Parameters<IFileSystem['readFile']>[1];
type Entries = Awaited<ReturnType<NonNullable<IFileSystem['readdirWithFileTypes']>>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Methods reject where those of a real file system do, with its codes: ENOENT, EEXIST, ENOSPC and the like. */
export class Disk implements IFileSystem {
  readonly #nodes: Nodes;
  readonly #opened = new Date();

  /** `most`: most bytes of all files. */
  constructor(base: Base, most: number) {
    this.#nodes = new Nodes(base, most);
  }

  /** The paths that were written or removed since this was last asked; with links, everything may have been. */
  takeTouched(): Iterable<string> {
    return this.#nodes.takeTouched();
  }

  /** Puts a file of the world's there, whatever the limit; not where one of its folders is a file. */
  place(path: string, text: string): void {
    try {
      this.#nodes.makeDirectory(parentOf(path), true);
    } catch {
      return;
    }
    this.#nodes.put(path, { kind: 'file', bytes: encoder.encode(text), mode: NEW.file, mtime: new Date() }, 'free');
  }

  /** Takes a file of the world's away. */
  erase(path: string): void {
    if (this.#nodes.get(path)?.kind === 'file') this.#nodes.remove(path);
  }

  /** The text of a path that is a regular file; null where it is none. */
  textAt(path: string): string | null {
    try {
      const node = this.#nodes.get(this.#nodes.follow(path, 'lstat'));
      return node?.kind === 'file' ? decoder.decode(node.bytes) : null;
    } catch {
      return null; // links in a circle
    }
  }

  async readFile(path: string, options?: Encoding): Promise<string> {
    return decodeBytes(this.#read(path).bytes, readEncoding(options));
  }

  async readFileBytes(path: string): Promise<ByteString> {
    return unsafeBytesFromLatin1(decodeBytes(this.#read(path).bytes, 'binary'));
  }

  /** A copy: what is shared between worlds is handed to nobody. */
  async readFileBuffer(path: string): Promise<Uint8Array> {
    return this.#read(path).bytes.slice();
  }

  async writeFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    refuseNull(path, 'write');
    const at = normalizePath(path);
    this.#nodes.makeParents(at);
    this.#nodes.put(at, {
      kind: 'file',
      bytes: encodeContent(content, readEncoding(options)),
      mode: NEW.file,
      mtime: new Date(),
    });
  }

  async appendFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    refuseNull(path, 'append');
    const at = normalizePath(path);
    const old = this.#nodes.get(at);
    if (old?.kind === 'directory') throw new Error(`EISDIR: illegal operation on a directory, write '${path}'`);
    if (old?.kind !== 'file') return this.writeFile(path, content, options);
    const more = encodeContent(content, readEncoding(options));
    this.#nodes.reserve(at, old.bytes.length + more.length);
    const bytes = new Uint8Array(old.bytes.length + more.length);
    bytes.set(old.bytes);
    bytes.set(more, old.bytes.length);
    this.#nodes.put(at, { kind: 'file', bytes, mode: old.mode, mtime: new Date() });
  }

  async exists(path: string): Promise<boolean> {
    if (path.includes('\0')) return false;
    try {
      return this.#nodes.has(this.#nodes.follow(path, 'open'));
    } catch {
      return false;
    }
  }

  async stat(path: string): Promise<FsStat> {
    refuseNull(path, 'stat');
    return this.#describe(this.#nodes.find(this.#nodes.follow(path, 'open'), path, 'stat'));
  }

  async lstat(path: string): Promise<FsStat> {
    refuseNull(path, 'lstat');
    return this.#describe(this.#nodes.find(this.#nodes.follow(path, 'lstat'), path, 'lstat'));
  }

  async mkdir(path: string, options?: MkdirOptions): Promise<void> {
    refuseNull(path, 'mkdir');
    this.#nodes.makeDirectory(path, options?.recursive === true);
  }

  async readdir(path: string): Promise<string[]> {
    return this.#nodes.list(path).names;
  }

  async readdirWithFileTypes(path: string): Promise<Entries> {
    const { at, names } = this.#nodes.list(path);
    return names.map((name) => {
      const kind = this.#nodes.get(joinPath(at, name))?.kind;
      return { name, isFile: kind === 'file', isDirectory: kind === 'directory', isSymbolicLink: kind === 'link' };
    });
  }

  async rm(path: string, options?: RmOptions): Promise<void> {
    refuseNull(path, 'rm');
    const at = normalizePath(path);
    const node = this.#nodes.get(at);
    if (node === undefined && options?.force) return;
    if (this.#nodes.find(at, path, 'rm').kind === 'directory') {
      const { names } = this.#nodes.list(at);
      if (names.length > 0 && !options?.recursive) throw new Error(`ENOTEMPTY: directory not empty, rm '${path}'`);
      for (const name of names) await this.rm(joinPath(at, name), options);
    }
    this.#nodes.remove(at);
  }

  async cp(from: string, to: string, options?: CpOptions): Promise<void> {
    refuseNull(from, 'cp');
    refuseNull(to, 'cp');
    const [source, target] = [normalizePath(from), normalizePath(to)];
    const node = this.#nodes.find(source, from, 'cp');
    if (node.kind !== 'directory') {
      this.#nodes.makeParents(target);
      if (node.kind === 'file') this.#nodes.reserve(target, node.bytes.length);
      this.#nodes.put(target, node.kind === 'file' ? { ...node, bytes: node.bytes.slice() } : { ...node });
      return;
    }
    if (!options?.recursive) throw new Error(`EISDIR: is a directory, cp '${from}'`);
    if (isWithin(source, target)) throw new Error(`EINVAL: cannot copy '${from}' into itself, '${to}'`);
    this.#nodes.makeDirectory(target, true);
    for (const name of this.#nodes.list(source).names)
      await this.cp(joinPath(source, name), joinPath(target, name), options);
  }

  async mv(from: string, to: string): Promise<void> {
    refuseNull(from, 'mv');
    refuseNull(to, 'mv');
    const [source, target] = [normalizePath(from), normalizePath(to)];
    if (source === target) return;
    const node = this.#nodes.find(source, from, 'mv');
    if (node.kind === 'directory') {
      if (isWithin(source, target)) throw new Error(`EINVAL: cannot move '${from}' into itself, '${to}'`);
      this.#nodes.makeDirectory(target, true);
      for (const name of this.#nodes.list(source).names) await this.mv(joinPath(source, name), joinPath(target, name));
    } else {
      this.#nodes.makeParents(target);
      this.#nodes.put(target, node, 'held');
    }
    this.#nodes.remove(source);
  }

  getAllPaths(): string[] {
    return this.#nodes.paths();
  }

  resolvePath(base: string, path: string): string {
    return resolvePath(base, path);
  }

  async chmod(path: string, mode: number): Promise<void> {
    refuseNull(path, 'chmod');
    const at = normalizePath(path);
    this.#nodes.replace(at, { ...this.#nodes.find(at, path, 'chmod'), mode });
  }

  async symlink(target: string, path: string): Promise<void> {
    refuseNull(path, 'symlink');
    const at = normalizePath(path);
    if (this.#nodes.has(at)) throw new Error(`EEXIST: file already exists, symlink '${path}'`);
    this.#nodes.makeParents(at);
    this.#nodes.put(at, { kind: 'link', target, mode: NEW.link, mtime: new Date() });
  }

  async link(from: string, to: string): Promise<void> {
    refuseNull(from, 'link');
    refuseNull(to, 'link');
    const [source, target] = [normalizePath(from), normalizePath(to)];
    const node = this.#nodes.find(source, from, 'link');
    if (node.kind !== 'file') throw new Error(`EPERM: operation not permitted, link '${from}'`);
    if (this.#nodes.has(target)) throw new Error(`EEXIST: file already exists, link '${to}'`);
    this.#nodes.makeParents(target);
    this.#nodes.put(target, this.#nodes.twin(node), 'held');
  }

  async readlink(path: string): Promise<string> {
    refuseNull(path, 'readlink');
    const node = this.#nodes.find(normalizePath(path), path, 'readlink');
    if (node.kind !== 'link') throw new Error(`EINVAL: invalid argument, readlink '${path}'`);
    return node.target;
  }

  async realpath(path: string): Promise<string> {
    refuseNull(path, 'realpath');
    const at = this.#nodes.follow(path, 'open');
    this.#nodes.find(at, path, 'realpath');
    return at;
  }

  async utimes(path: string, _: Date, mtime: Date): Promise<void> {
    refuseNull(path, 'utimes');
    const at = this.#nodes.follow(normalizePath(path), 'open');
    this.#nodes.replace(at, { ...this.#nodes.find(at, path, 'utimes'), mtime });
  }

  #read(path: string): Leaf {
    refuseNull(path, 'open');
    const node = this.#nodes.find(this.#nodes.follow(path, 'open'), path, 'open');
    if (node.kind !== 'file') throw new Error(`EISDIR: illegal operation on a directory, read '${path}'`);
    return node;
  }

  #describe(node: Node): FsStat {
    const { kind, mode } = node;
    const mtime = node.mtime ?? this.#opened;
    const stat = {
      isFile: kind === 'file',
      isDirectory: kind === 'directory',
      isSymbolicLink: kind === 'link',
      mode,
      mtime,
    };
    if (kind === 'link') return { ...stat, size: node.target.length };
    return { ...stat, size: kind === 'file' ? node.bytes.length : 0, identity: this.#nodes.identify(node) };
  }
}

function readEncoding(options: Encoding): BufferEncoding {
  return (typeof options === 'string' ? options : options?.encoding) ?? 'utf8';
}

function encodeContent(content: FileContent, encoding: BufferEncoding): Uint8Array {
  if (typeof content !== 'string') return content;
  if (encoding === 'utf8' || encoding === 'utf-8' || encoding === 'ascii') return encoder.encode(content);
  return new Uint8Array(Buffer.from(content, encoding));
}

function decodeBytes(bytes: Uint8Array, encoding: BufferEncoding): string {
  if (encoding === 'utf8' || encoding === 'utf-8' || encoding === 'ascii') return decoder.decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
