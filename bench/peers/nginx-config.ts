// Parts of the configuration that every nginx of the bench needs.

/** Directives for where nginx writes temporary files, for users who may not write to Debian's default folders. */
export function nginxTemporaryPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder};`).join(' ');
}
