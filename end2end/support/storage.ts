// What the browser stores for a page.
import { Page } from "@playwright/test";

/** All texts in local storage and in the page's database, which is there once the page has connected. */
export function stored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const texts = Object.entries(localStorage).map(String);
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open("parlor");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const name of database.objectStoreNames) {
      const getting = database.transaction(name).objectStore(name).getAll();
      await new Promise((resolve) => (getting.onsuccess = resolve));
      texts.push(...getting.result.map(String));
    }
    database.close();
    return texts.join("\n");
  });
}
