// Tells Node where modules are: the package's own beside the module that names them, under the name written there. Node would look for
// links, package.json files and formats on the way to each of three hundred, which is a third of what loading them costs.

import { registerHooks } from 'node:module';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `src/` in a checkout, `dist/` in the package. */
const root = `${pathToFileURL(dirname(import.meta.dirname)).href}/`;
/** What own modules end with, and what that is to Node. */
const ending = extname(import.meta.url);
const format = ending === '.ts' ? 'module-typescript' : 'module';

/** Where zod has its messages in sixty languages. They are nowhere used, and loaded wherever it is. */
const messagesOfZod = '../locales/index.js';
const noMessages = 'data:text/javascript,';

/** To be called once a thread, before the modules are imported that are to be found so. */
export function findOwnModulesQuickly(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL = '' } = context;
      if (specifier.startsWith('.') && specifier.endsWith(ending) && parentURL.startsWith(root))
        return { url: new URL(specifier, parentURL).href, format, shortCircuit: true };
      if (specifier === messagesOfZod && parentURL.includes('/zod/v4/'))
        return { url: noMessages, format: 'module', shortCircuit: true };
      return next(specifier, context);
    },
  });
}
