// All pages: buttons that copy. Sections for single pages follow at the end. Nothing on a page needs this script.
(() => {
  const said = document.getElementById("said");
  let silence;
  const say = (text) => {
    said.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => { said.textContent = ""; }, 2500);
  };
  // The clipboard belongs to pages with HTTPS; the old way works with plain HTTP as well.
  const copyOldWay = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.className = "skip";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyOldWay(text);
    }
  };
  // A button copies data-copy-text, or what is in the field whose id is data-copy-from.
  for (const button of document.querySelectorAll("button[data-copy-text], button[data-copy-from]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copyFrom);
      const copied = await copy(field ? field.value : button.dataset.copyText);
      button.focus();
      say(copied ? said.dataset.copied : said.dataset.notCopied);
    });
  }
  // The start page: whoever goes into a ready-made text wants all of it.
  for (const field of document.querySelectorAll("input[readonly]")) {
    field.addEventListener("focus", () => field.select());
  }
})();
