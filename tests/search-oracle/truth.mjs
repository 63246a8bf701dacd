// Truth of three values. null stands for "open": the specification leaves it to the server, or it hangs on the second
// in which the server answers. Who is open for a query may be found or not.

export const not = (truth) => (truth === null ? null : !truth);

// True if one is; open if none is and one is open.
export function any(truths) {
  let open = false;
  for (const truth of truths) {
    if (truth === true) {
      return true;
    }
    open ||= truth === null;
  }
  return open ? null : false;
}

export const all = (truths) => not(any(truths.map(not)));

// What is true here holds only perhaps.
export const perhaps = (truth) => (truth === true ? null : truth);
