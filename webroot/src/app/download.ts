// SPDX-License-Identifier: Apache-2.0

/** Gives a text to the browser as a file; it is made in the page, so that it can be what the page's rights allow. */
export function saveText(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
