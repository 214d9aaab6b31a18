// Password hashes in the PHC string format for argon2id and scrypt, made and verified off the event loop. Keeps no password.

import { argon2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A hash with the parameters that it was made with. `memoryKib` is the memory that one verification takes. */
export interface PasswordHash {
  readonly algorithm: 'argon2id' | 'scrypt';
  readonly memoryKib: number;
  /** The cost parameter N of scrypt, a power of two; 0 for argon2id. */
  readonly scryptN: number;
  /** The number of passes for argon2id; the block size `r` for scrypt. */
  readonly cost: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export const passwordHashExpected =
  'expected the hash of a password: $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH or $scrypt$ln=15,r=8,p=1$SALT$HASH, as `cardea password` prints it';

/** A message for a text that `parsePasswordHash` refuses. Shows nothing of the text, which may be a password. */
export function passwordHashProblem(text: string): string {
  if (argon2Form.test(text)) return argon2Bounds;
  if (scryptForm.test(text)) return scryptBounds;
  // The forms that htpasswd and web frameworks produce.
  const kind = /^\$2[abxy]?\$/.test(text) ? 'bcrypt' : /^(\$(apr1|1|5|6)\$|\{S?SHA)/.test(text) ? 'htpasswd' : null;
  return kind === null ? passwordHashExpected : `${kind} hashes are not checked here: ${passwordHashExpected}`;
}

/** Upper limits: with more, a few logins could use up the machine. */
const MEMORY_KIB_MAX = 1_048_576;
const COST_MAX = 64;
const PARALLELISM_MAX = 16;
/** RFC 7914 section 2 requires N to be less than 2^(16 * r), and OpenSSL refuses more. Only r=1 can exceed it within the memory limit. */
const SCRYPT_LN_MAX_OF_R1 = 15;

const unusable = 'a hash with these parameters cannot be verified here: expected';
const argon2Bounds = `${unusable} m from 8 * p to ${MEMORY_KIB_MAX}, t from 1 to ${COST_MAX} and p from 1 to ${PARALLELISM_MAX}`;
const scryptBounds = `${unusable} ln of at least 1 (with r=1 at most ${SCRYPT_LN_MAX_OF_R1}), r from 1 to ${COST_MAX}, p from 1 to ${PARALLELISM_MAX}, and 128 * 2^ln * r * p of at most 1 GiB`;

const argon2Form =
  /^\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
const scryptForm =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Null for a text that is not such a hash, and for a hash that cannot be verified, or only at too high a cost. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const match = argon2Form.exec(text) ?? scryptForm.exec(text);
  if (match === null) return null;
  const [, first, second, third, salt = '', hash = ''] = match;
  const isArgon = text.startsWith('$argon2id');
  const cost = Number(second);
  const parallelism = Number(third);
  const scryptN = isArgon ? 0 : 2 ** Number(first);
  const memoryKib = isArgon ? Number(first) : Math.ceil((128 * scryptN * cost * parallelism) / 1_024);
  const isSound =
    cost >= 1 &&
    cost <= COST_MAX &&
    parallelism >= 1 &&
    parallelism <= PARALLELISM_MAX &&
    memoryKib <= MEMORY_KIB_MAX &&
    (isArgon ? memoryKib >= 8 * parallelism : Number(first) >= 1 && (cost > 1 || Number(first) <= SCRYPT_LN_MAX_OF_R1));
  if (!isSound) return null;
  return {
    algorithm: isArgon ? 'argon2id' : 'scrypt',
    memoryKib,
    scryptN,
    cost,
    parallelism,
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** Whether the password matches. Takes tens of milliseconds of a thread of Node's pool, and `memoryKib` of memory. */
export async function verifyPassword(known: PasswordHash, password: string): Promise<boolean> {
  return timingSafeEqual(await derive(known, password), known.hash);
}

/** Hashes a password with the settings that OWASP recommends first: argon2id with 19 MiB and two passes. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const made = {
    algorithm: 'argon2id',
    memoryKib: 19_456,
    scryptN: 0,
    cost: 2,
    parallelism: 1,
    salt,
    hash: Buffer.alloc(32),
  } as const;
  const hash = await derive(made, password);
  return `$argon2id$v=19$m=${made.memoryKib},t=${made.cost},p=${made.parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function derive(
  { algorithm, memoryKib, scryptN, cost, parallelism, salt, hash }: PasswordHash,
  password: string,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, derived: Buffer): void => (error === null ? resolve(derived) : reject(error));
    if (algorithm === 'argon2id') {
      const parameters = {
        message: password,
        nonce: salt,
        parallelism,
        tagLength: hash.length,
        memory: memoryKib,
        passes: cost,
      };
      argon2('argon2id', parameters, done);
    } else {
      const maxmem = memoryKib * 2_048 + 1_048_576;
      scrypt(password, salt, hash.length, { N: scryptN, r: cost, p: parallelism, maxmem }, done);
    }
  });
}
