import gzip, time, statistics, json, pytest
from datetime import UTC, datetime
from django.urls import reverse
from django.utils import timezone
from courses.exams.actions import *
from tests.exams.conftest import *
pytestmark = pytest.mark.django_db
@pytest.mark.parametrize("n",[10,100,1000])
def test_measure(as_student, student, make_question, make_blueprint, n):
    for i in range(n): make_question(f"q-{i}", stem="A patient with type 2 diabetes on insulin has an ulcer of the right heel with the fat layer exposed. Which codes are reported, and in which order, for question %d?"%i)
    bp=make_blueprint(count=n, minutes=240)
    c=as_student; c.get("/practice/")
    t=time.process_time(); a=start_attempt(user=student, blueprint=bp, at=timezone.now()); print(f"\n{n}: start {1000*(time.process_time()-t):.1f} ms")
    def cpu(f,k=15):
        out=[]
        for _ in range(k):
            t=time.process_time(); r=f(); out.append(1000*(time.process_time()-t))
        return statistics.median(out), r
    ms,r=cpu(lambda: c.get(f"/attempts/{a.pk}/")); print(f"room {ms:.1f} ms, {len(r.content)} B, gz {len(gzip.compress(r.content))}")
    items=list(a.items.all()); seq=[0]
    def save():
        seq[0]+=1; it=items[seq[0]%n]
        r=c.post(f"/attempts/{a.pk}/answer/", json.dumps({"position":it.position,"choice":it.choice_order[0],"client_id":"a"*16,"seq":seq[0]}), content_type="application/json"); assert r.status_code==200; return r
    for it in items: save()
    ms,_=cpu(save,60); print(f"save {ms:.2f} ms")
    from django.db import connection
    t=time.process_time(); c.post(f"/attempts/{a.pk}/finish/"); print(f"finish {1000*(time.process_time()-t):.1f} ms")
    ms,r=cpu(lambda: c.get(f"/attempts/{a.pk}/report/"),5); print(f"report {ms:.1f} ms, gz {len(gzip.compress(r.content))}")
