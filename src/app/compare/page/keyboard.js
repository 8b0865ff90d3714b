/** Keyboard shortcuts. Keys that a focused field or control uses go to it. */

const usesKey = (target, key) => {
  if (target.matches('input[type="search"]')) return true;
  if (target.matches('input[type="range"]')) return /^(?:Arrow|Home$|End$|Page)/.test(key);
  return (key === ' ' || key === 'Enter') && target.matches('button');
};

/** @param actions by key, lower case @param hold called with true when Space is pressed and false when it is released */
export const listenToKeys = (actions, hold) => {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') event.target.blur?.();
    if (document.querySelector('dialog[open]') || usesKey(event.target, event.key)) return;
    const action = event.key === ' ' ? () => hold(true) : actions[event.key.toLowerCase()];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
  document.addEventListener('keyup', (event) => {
    if (event.key === ' ') hold(false);
  });
  // After a mouse click the button loses focus, so that Space is a shortcut again. `detail` is 0 for a click by key.
  document.addEventListener('click', ({ detail, target }) => {
    if (detail > 0) target.closest('button')?.blur();
  });
  window.addEventListener('blur', () => hold(false));
};
