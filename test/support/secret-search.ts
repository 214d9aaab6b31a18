// Searches logs and pages for secrets: whole secrets, and parts that would be as useful to an attacker.

/** Parts shorter than this occur in many texts by chance. */
const PART_LENGTH_MIN = 20;

/** The forms in which a secret may appear: as it is, URL-encoded, as base64, and the payload and the signature of a token. */
function formsOf(secret: string): string[] {
  const [, ...parts] = secret.split('.');
  const encoded = [encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')];
  return [secret, ...encoded, ...parts.filter(part => part.length >= PART_LENGTH_MIN)];
}

/** The places where a secret occurs, each with the text around it. At most one place per text and secret. */
export function findSecrets(texts: readonly string[], secrets: Iterable<string>): string[] {
  const forms = [...secrets].map(formsOf);
  return texts.flatMap(text =>
    forms.flatMap(each => {
      const form = each.find(one => text.includes(one));
      if (form === undefined) return [];
      const at = text.indexOf(form);
      return [text.slice(Math.max(0, at - 60), at + 20)];
    }),
  );
}
