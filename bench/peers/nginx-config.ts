// Parts of nginx configurations that every nginx of the bench needs.

/** Where nginx may write, for users who may not write where Debian lets it. */
export function nginxTemporaryPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder};`).join(' ');
}
