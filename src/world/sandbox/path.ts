// Paths of a disk in memory: absolute, with one slash between names. Nothing here knows which files there are.

/** An empty name, `.` or `..` among the names of a path, or a slash at its end. */
const UNTIDY = /\/\.{0,2}(?=\/|$)/;

/** The plain form of a path: from the root, without empty names, `.` and `..`. */
export function normalizePath(path: string): string {
  if (path === '' || path === '/') return '/';
  const whole = path.startsWith('/') ? path : `/${path}`;
  if (!UNTIDY.test(whole)) return whole;
  const names: string[] = [];
  for (const name of whole.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** The directory a plain path stands in; that of the root is the root. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut <= 0 ? '/' : path.slice(0, cut);
}

/** A name in a directory. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** What a path means in a directory. */
export function resolvePath(folder: string, path: string): string {
  return normalizePath(path.startsWith('/') ? path : joinPath(folder, path));
}

/** Where a link at a path leads, one step. */
export function resolveLink(path: string, target: string): string {
  return resolvePath(parentOf(path), target);
}

/** Whether a path is a folder or stands in it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
