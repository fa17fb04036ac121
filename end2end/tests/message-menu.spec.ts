// The message menu on touch screens.
import { expect, test } from "../support/fixtures";

const viewport = { width: 360, height: 740 };

test("a long press opens the message menu as a sheet, and scrolling does not", async ({ person }) => {
  const ann = await person("Ann", { viewport, hasTouch: true, isMobile: true });
  await ann.send("hello");
  await expect(ann.message("hello")).toHaveAttribute("data-state", "stored");
  const menu = ann.page.getByRole("menu", { name: "Message actions" });
  const sheet = ann.page.locator("[popover]").filter({ has: ann.page.getByRole("menu", { includeHidden: true }) });
  const touch = await ann.page.context().newCDPSession(ann.page);
  const body = (await ann.message("hello").getByTestId("message-body").boundingBox())!;
  const point = { x: body.x + 10, y: body.y + body.height / 2 };
  const press = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: { x: number; y: number }[]) =>
    touch.send("Input.dispatchTouchEvent", { type, touchPoints });

  // A finger that moves scrolls.
  await press("touchStart", point);
  await press("touchMove", { x: point.x, y: point.y - 40 });
  await ann.page.waitForTimeout(700);
  await press("touchEnd");
  await expect(menu).toBeHidden();
  // A tap is no long press either.
  await press("touchStart", point);
  await press("touchEnd");
  await ann.page.waitForTimeout(700);
  await expect(menu).toBeHidden();

  await press("touchStart", point);
  await expect(menu).toBeVisible();
  await press("touchEnd");
  await expect(menu).toBeVisible();
  const box = (await sheet.boundingBox())!;
  expect([box.x, box.width, box.y + box.height]).toEqual([0, viewport.width, viewport.height]);
  await ann.page.getByRole("menuitem", { name: "Delete for everyone" }).tap();
  await expect(ann.message("hello")).toHaveCount(0);
  await expect(menu).toBeHidden();
});
