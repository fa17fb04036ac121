// What users do with messages that are stored: edit them and react to them.
import AxeBuilder from "@axe-core/playwright";
import { Locator } from "@playwright/test";
import { Person, expect } from "./fixtures";

/** Opens the menu of a message. */
export async function openMenu(person: Person, text: string): Promise<void> {
  await person.message(text).hover();
  await person.message(text).getByTestId("more").click();
}

/** Begins to edit a message by its menu. */
export async function beginEdit(person: Person, text: string): Promise<void> {
  await openMenu(person, text);
  await person.page.getByTestId("edit-message").click();
  await expect(person.composer).toBeFocused();
  await expect(person.composer).toHaveValue(text);
}

/** Edits a message by its menu. */
export async function edit(person: Person, text: string, newText: string): Promise<void> {
  await beginEdit(person, text);
  await person.send(newText);
}

/** Reacts to a message by its menu. */
export async function react(person: Person, text: string, emoji: string): Promise<void> {
  await openMenu(person, text);
  await person.page.getByRole("button", { name: `React with ${emoji}` }).click();
}

/** A reaction to a message. */
export function reaction(person: Person, text: string, emoji: string): Locator {
  return person.message(text).getByTestId("reaction").filter({ hasText: emoji });
}

/** The serious violations that axe finds, as text. */
export async function barriers(person: Person): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page: person.page }).analyze();
  const severe = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return severe.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** Nothing is wider than the window. */
export async function expectToFit(person: Person): Promise<void> {
  expect(await person.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
}
