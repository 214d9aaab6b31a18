// Looks for secrets in logs and pages: whole, or a part that would do as well.

/** Parts shorter than this stand in many texts by chance. */
const PART_LENGTH_MIN = 20;

/** What a secret may show as: itself, encoded for a URL or as base64, and of a token its payload and its signature. */
function formsOf(secret: string): string[] {
  const [, ...parts] = secret.split('.');
  const encoded = [encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')];
  return [secret, ...encoded, ...parts.filter(part => part.length >= PART_LENGTH_MIN)];
}

/** The places where any of the secrets stands, with what is around it. */
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
