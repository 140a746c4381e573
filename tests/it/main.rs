//! The service from outside: real sockets, the sample Confluence as the only fake, no sleeps.

mod access_log; // the log of requests that other programs read
mod account; // the login: tested once, refused once, changed while it runs
mod addresses; // from every form of link to the one address that Confluence is asked, and to no other
mod advise; // the command that says how large the cache should be: from a log of the program to the line to paste
mod binary; // the program itself: exit codes, signals, the lines of its log
mod check; // the command that says what is wrong: its lines, its exit codes, its one login
mod cloud; // Confluence Cloud: numbers, signed addresses, and a host that knows no account
mod completion; // what a shell proposes behind the program's name
mod container; // the recipe of the container image
mod crash; // a panic costs its job or the process, a stop cuts nobody, a restart serves at once
mod docs; // what is written for operators says what the code does
mod env_file; // the settings that the package installs are those of the code
mod faults; // whatever goes wrong on the way from Confluence: one table
mod firewall; // the port that a firewall lets pass
mod freshness; // what becomes of a copy when its time is over
mod fronts; // behind reverse proxies: for whom they ask, and what is nobody's right for coming through one
mod gallery; // the files of a page, for people and programs, and how rarely Confluence is asked for them
mod gate; // what clients may do, and what they are told when they do something else
mod health; // the command that says whether the service takes requests
mod hit_and_miss; // what is fetched, what is kept, what is forgotten
mod hostile; // attacks on the program itself, each with the exact bytes of the answer
mod http_contract; // heads, conditionals, ranges, methods, problems, policy, names
mod https; // TLS for clients: what is agreed on, renewed, refused, and never cut
mod licences; // whose work is compiled into the program, and what they ask for it
mod link; // no client breaks, or uses, the private way to tiny_http
mod manual; // the manual page
mod memory; // what it takes is bounded, counted, and given back
mod meters; // what is counted, and what is shown of it
mod monitoring; // alerts and dashboard ask for numbers that there are
mod node; // one of several: who gets an answer can tell which one it came from
mod overload; // hits go on while everything else waits
mod problems; // what people see who cannot get the file: page, picture, JSON or text
mod publishing; // what the operator does not publish is not served, and not asked for
mod readiness; // what fronts ask every second: whether to send clients here
mod readme; // every example of the READMEs, typed by a reader
mod replay; // what is kept of made-up requests, beside FIFO, LRU and who knows the future, and by several nodes
mod restart; // a socket that outlives the process: nobody is refused or cut
mod secrets; // what is nowhere to be seen
mod shutdown; // what a stop leaves behind
mod shutdown_delay; // a stop that is announced first: fronts go elsewhere, nobody else notices
mod single_flight; // many clients, one download
mod start_page; // paste links, get ours: by form and by address, in both languages, without a script
mod streaming; // bytes go on as they come, and a body cut short never looks whole
#[expect(
    dead_code,
    reason = "there is one support for all test programs, and none uses all of it"
)]
mod support; // a proxy in this process, the program as a process, a raw client, the source tree
mod switchboard; // each way in which people can make the sample Confluence fail, and what the proxy makes of it
mod systemd; // what the service manager hands over, and what it is told
mod tidy; // sizes, doors, dependencies
mod translate; // the commands that turn links: what goes in, what comes out, exit codes
mod upstream; // what Confluence does, and what the client gets for it
mod walls; // which room may name what
mod warm;
mod watchdog; // signs of life: they come from a whole service and from no other // the files of a page are fetched before anybody asks for them
