// What this browser remembers: theme, columns, open groups of filters.  Never
// anything of what was shown.

export function recall(name, otherwise) {
  try {
    const text = localStorage.getItem(`promptgate.${name}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`promptgate.${name}`, JSON.stringify(value));
  } catch {
    // Forbidden or full: it holds until the page is left.
  }
}
