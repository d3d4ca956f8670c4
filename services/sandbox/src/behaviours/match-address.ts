/** Whether `address` fits `pattern`, ignoring case; `*` in the pattern stands for any characters, also none. */
export function matchAddress(pattern: string, address: string): boolean {
  const text = address.toLowerCase();
  const [head = '', ...rest] = pattern.toLowerCase().split('*');
  if (rest.length === 0) return text === head;
  const tail = rest.pop() ?? '';
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  let from = head.length;
  // Taking the first place each part fits is enough, and cannot backtrack as a regular expression would.
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return from <= text.length - tail.length;
}
