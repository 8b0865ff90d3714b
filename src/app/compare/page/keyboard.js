/* global document, window */
/** Keys, where no field or control wants them for itself. */

const isWanted = (target, key) => {
  if (target.matches('input[type="search"]')) return true;
  if (target.matches('input[type="range"]')) return /^(?:Arrow|Home$|End$|Page)/.test(key);
  return (key === ' ' || key === 'Enter') && target.matches('button');
};

/** @param actions by key, lower case; `hold` is called with true and false as Space goes down and up */
export const listenToKeys = (actions, hold) => {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') event.target.blur?.();
    if (document.querySelector('dialog[open]') || isWanted(event.target, event.key)) return;
    const action = event.key === ' ' ? () => hold(true) : actions[event.key.toLowerCase()];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
  document.addEventListener('keyup', (event) => {
    if (event.key === ' ') hold(false);
  });
  // A button that was clicked, not reached by Tab, gives Space back. A click by key has no detail.
  document.addEventListener('click', ({ detail, target }) => {
    if (detail > 0) target.closest('button')?.blur();
  });
  window.addEventListener('blur', () => hold(false));
};
