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
  const prepare = (part) => {
    for (const button of part.querySelectorAll("button[data-copy-text], button[data-copy-from]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const field = document.getElementById(button.dataset.copyFrom);
        const copied = await copy(field ? field.value : button.dataset.copyText);
        button.focus();
        say(copied ? said.dataset.copied : said.dataset.notCopied);
      });
    }
  };
  prepare(document);
  // Whoever puts new content into the page says so with this event.
  document.addEventListener("renewed", (event) => prepare(event.target));
})();

// The start page: whoever goes into a ready-made text wants all of it.
for (const field of document.querySelectorAll("input[readonly]")) {
  field.addEventListener("focus", () => field.select());
}

// The gallery: filters as one types. The server chooses from all files, not only from those that are shown.
(() => {
  const form = document.querySelector("form[data-renews]");
  if (!form) {
    return;
  }
  const parts = (page) => form.dataset.renews.split(" ").map((id) => page.getElementById(id));
  let latest = 0;
  let pause;
  const renew = async () => {
    const turn = ++latest;
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) {
      if (value === "") {
        query.delete(name);
      }
    }
    const address = `${form.action}?${query}`;
    const shown = parts(document);
    shown.forEach((part) => part.classList.add("busy"));
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      const fresh = parts(new DOMParser().parseFromString(await response.text(), "text/html"));
      if (turn !== latest) {
        return;
      }
      if (!response.ok || fresh.includes(null)) {
        form.submit();
        return;
      }
      shown.forEach((part, place) => {
        part.replaceChildren(...fresh[place].childNodes);
        part.dispatchEvent(new Event("renewed", { bubbles: true }));
      });
      history.replaceState(null, "", address);
    } catch {
      // The button still works, and says why this does not.
    } finally {
      if (turn === latest) {
        shown.forEach((part) => part.classList.remove("busy"));
      }
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(renew, 150);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    renew();
  });
})();

// The status page: its numbers are asked for again every two seconds while somebody looks, and replaced as a whole, so
// that they are written in one place only.
(() => {
  const lost = document.getElementById("lost");
  if (!document.getElementById("live") || !lost) return;
  const renew = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const live = document.getElementById("live");
    // Who is marking a number wants to copy it.
    const selection = getSelection();
    if (!selection.isCollapsed && selection.containsNode(live, true)) return;
    live.replaceWith(document.adoptNode(page.getElementById("live")));
  };
  const turn = async () => {
    if (!document.hidden) {
      try {
        await renew();
        lost.hidden = true;
      } catch {
        lost.hidden = false;
      }
    }
    setTimeout(turn, 2000);
  };
  setTimeout(turn, 2000);
})();
