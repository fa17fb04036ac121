var rootChanges={count:0};rootChanges.observer=new MutationObserver(r=>rootChanges.count+=r.length);rootChanges.observer.observe(document.getElementById("root"),{childList:true,subtree:true});
