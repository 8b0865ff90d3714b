/** What lies in the inputs and is no row: it is counted, so that nobody takes it for done. */

export interface PassedBy {
  /** Neither pictures nor their texts nor manifests. */
  files: number;
  /** Sub folders that were not entered. */
  folders: number;
  /** Pictures beside manifests: only rows name those. */
  pictures: number;
}

export const NOTHING_PASSED_BY: PassedBy = { files: 0, folders: 0, pictures: 0 };

export const addPassedBy = (a: PassedBy, b: PassedBy): PassedBy => ({
  files: a.files + b.files,
  folders: a.folders + b.folders,
  pictures: a.pictures + b.pictures,
});

const count = (number: number, noun: string): string[] =>
  number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];

/** `12 other files and 1 folder passed by …`, with what to do about it; '' when there is nothing to say. */
export const passedByText = ({ files, folders, pictures }: PassedBy): string => {
  const what = [...count(files, 'other file'), ...count(folders, 'folder'), ...count(pictures, 'picture')];
  if (what.length === 0) return '';
  const hints = [
    ...(folders > 0 ? ['--recursive enters folders'] : []),
    ...(pictures > 0 ? ['where there are manifests, only their rows are read'] : []),
  ];
  return `${what.join(', ')} passed by${hints.length > 0 ? ` (${hints.join('; ')})` : ''}`;
};
