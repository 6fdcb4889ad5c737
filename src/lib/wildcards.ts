/**
 * Whether a pattern covers a whole text: `*` is any characters, `?` is one unless told otherwise. In time that
 * grows with both lengths and no faster, which a regular expression made of stars does not promise: only the last
 * star is ever tried again.
 */
export function matchesWildcards(pattern: string, text: string, one: "?" | "" = "?"): boolean {
  let [at, from, star, resume] = [0, 0, -1, 0];
  while (from < text.length) {
    const wanted = pattern[at];
    if (wanted === "*") {
      star = at++;
      resume = from;
    } else if (wanted !== undefined && (wanted === text[from] || wanted === one)) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
