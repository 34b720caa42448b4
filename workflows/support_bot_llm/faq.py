"""What the shop's staff would say, as data: the topics people ask about, entry by entry.

An entry answers one question. `keys` are the words that settle what a message is about and
`words` those that only point to it; `matching.py` counts them. Two words joined by `_` must
follow one another, and a key that ends in `!` outweighs the rest. Of an entry's `answers` the
first is given first, and the others if the same is asked again. Fields in braces are filled from
`shop.py`; what the customer must name for that is in `needs`, and `ask` are the ways to ask for it.
"""

from dataclasses import dataclass
from enum import StrEnum

from .shop import EMAIL, PHONE


class Detail(StrEnum):
    """What an answer may depend on, and only the customer knows."""

    DAY = "day"
    APPLIANCE = "appliance"
    ORDER = "order"


@dataclass(frozen=True)
class Entry:
    """The answer to one question."""

    keys: str
    words: str
    answers: tuple[str, ...]
    needs: Detail | None = None
    ask: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """What people ask about, with the general entry first."""

    label: str
    """How the shop speaks of it, as in: about our opening hours."""
    entries: tuple[Entry, ...]


OPENING_HOURS = Topic(
    "our opening hours",
    (
        Entry(
            "opening_hours opening_times business_hours store_hours shop_hours hours",
            "open opening time when weekday week day shop store",
            (
                "Monday to Friday we're open from 9:30 am to 6 pm, on Thursdays until 8 pm. "
                "Saturdays it's 9 am to 5:30 pm, Sundays 11 am to 4 pm.",
                "In short: weekdays from 9:30 am, Thursday being the long evening, and a shorter "
                "day on Sunday. If you have a day in mind I'll give you its exact times.",
            ),
        ),
        Entry(
            "open open_until what_time_open close closing close_at how_late open_on when_open "
            "opened_on "
            "open_sunday open_saturday open_weekend open_late closed shut",
            "open time until when late shop store monday tuesday wednesday thursday friday "
            "saturday sunday weekend",
            (
                "On {day}s we're open from {opens} to {closes}. {note}",
                "We close at {closes} on a {day}, and the doors open at {opens}.",
                "{day} it is: {opens} in the morning is when we unlock, {closes} when we lock up.",
            ),
            Detail.DAY,
            (
                "That depends on the day: 6 pm most weekdays, later on Thursdays and earlier at "
                "the weekend. Which day do you have in mind?",
                "Happy to look that up. For which day of the week?",
            ),
        ),
        Entry(
            "open_today open_now open_tonight open_tomorrow close_today close_tonight "
            "close_tomorrow open_right",
            "today tonight tomorrow now open close time when until",
            ("On {day}s we're here from {opens} to {closes}. {note}",),
            Detail.DAY,
            (
                "I don't have a calendar to hand, so tell me the weekday and I'll tell you the "
                "hours. Which day is it for you?",
            ),
        ),
        Entry(
            "holiday! holidays! bank_holiday! public_holiday! christmas! easter! thanksgiving! "
            "new_year labor_day! memorial_day! july_4! fourth_july! july_fourth! 4th_july!",
            "open close hours special vacation",
            (
                "On public holidays we open from 11 am to 4 pm, like on a Sunday. We're closed on "
                "Thanksgiving, on December 25 and 26, and on January 1.",
                "Holiday hours are 11 am to 4 pm, apart from the four days a year we stay shut.",
            ),
        ),
        Entry(
            "busy quiet queue crowded busiest quietest best_time",
            "wait line time day best when come",
            (
                "Weekday mornings are quiet. It gets busy on Saturdays between eleven and two, so "
                "count on ten minutes' wait at the counter then.",
            ),
        ),
        Entry(
            "last_minute minutes_before before_close before_closing shortly_before",
            "minute before late arrive come in",
            (
                "You can come in up to the last minute. For a repair or a demonstration, be here "
                "half an hour before we close.",
            ),
        ),
    ),
)

REFUNDS = Topic(
    "returns and refunds",
    (
        Entry(
            "refund refunds return returns returning money_back send_back bring_back give_back "
            "take_back return_policy refund_policy unhappy_with",
            "policy policies want item buy bought purchase don't_like changed_mind",
            (
                "You can return anything within 30 days for a full refund, as long as it is clean "
                "and complete. Bring it to the shop or send it back to us.",
                "In short: 30 days, clean and complete, and you get the whole price back.",
            ),
        ),
        Entry(
            "used already_opened been_opened opened_it opened_box open_box unboxed tried",
            "open box packaging use once condition clean wash wrapping unpacked still pack",
            (
                "Opened and tried out is fine; we expect you to test it. It should be clean, with "
                "all its parts. The box helps, but we don't insist on it.",
                "Light use doesn't matter. If something is missing or damaged we take its cost off "
                "the refund, nothing more.",
            ),
        ),
        Entry(
            "receipt proof",
            "without lost bill invoice email paper",
            (
                "No receipt, no problem: we find the purchase by the card you paid with or by your "
                "phone number. Only cash purchases need the receipt.",
            ),
        ),
        Entry(
            "get_money money_arrive refund_arrived refund_hasn't refund_yet where_refund "
            "refund_status refund_take how_long_refund when_refund refund_back refunded",
            "long take money account card bank day arrive get back cash original until",
            (
                "The money goes back the way you paid: at once in cash, within 3 to 5 working days "
                "to a card.",
                "Card refunds depend on your bank, but we have never seen one take more than five "
                "working days.",
            ),
        ),
        Entry(
            "return_label postage return_shipping return_cost return_free pay_return",
            "pay post label courier mail online ship free cost who send back",
            (
                "We email you a prepaid label, so sending it back costs nothing if it arrived "
                "damaged or wrong. Otherwise $6 comes off the refund.",
            ),
        ),
        Entry(
            "restocking_fee! return_fee fee_return",
            "charge fee cost",
            ("There's no restocking fee. You get back what you paid.",),
        ),
        Entry(
            "days_from from_delivery from_when count_from start_counting",
            "day start count delivery purchase order arrive bought from date weekend",
            (
                "The 30 days start when it reaches you, not when you order. In the shop that's the "
                "day you buy it.",
            ),
        ),
        Entry(
            "after_30 30_days 31_days 40_days too_late longer_than after_days past_30",
            "late month after past long extend over",
            (
                "After 30 days we can't refund it, but up to 60 days we give you store credit for "
                "the full price.",
                "Beyond 60 days only the warranty helps, and that is for faults.",
            ),
        ),
        Entry(
            "sale_item sale_items clearance! ex_display outlet on_sale",
            "sale reduced discount item display too",
            (
                "Sale items can be returned like any other. Only ex-display pieces with a yellow "
                "sticker are final.",
            ),
        ),
        Entry(
            "was_gift gift_receipt return_gift got_present as_gift",
            "gift someone birthday wedding",
            (
                "Gifts can be returned too. Without the buyer's card we give you a gift card over "
                "the full price instead of money.",
            ),
        ),
    ),
)

EXCHANGES = Topic(
    "exchanges",
    (
        Entry(
            "exchange swap change_color different_color another_model different_model trade",
            "change color model instead another wrong replace size",
            (
                "You can exchange anything within 30 days, for another color or another model. You "
                "only pay or get back the difference.",
                "Exchanges are done at the counter while you wait; by mail they take about a week.",
            ),
        ),
        Entry(
            "pay_difference price_difference difference_back cheaper_one dearer",
            "price pay cheaper more cost refund store credit",
            (
                "If the new one is cheaper you get the difference back on your card, if it is "
                "dearer you pay it. There's no fee for the exchange itself.",
            ),
        ),
    ),
)

WARRANTY = Topic(
    "warranties",
    (
        Entry(
            "warranty_cost warranty_price cost_warranty extended_warranty warranty_year "
            "year_warranty years_warranty warranty_for guarantee_for extend_warranty "
            "warranty_extension",
            "warranty warranties guarantee cost price much one two three 1 2 3 year extra "
            "protection plan",
            (
                "{warranty}. It starts when the free first year ends.",
                "{warranty}, payable once, at the till or online.",
            ),
            Detail.APPLIANCE,
            (
                "The first year is free with everything we sell. A further year is priced by the "
                "appliance, from $6 to $39. Which one is it for?",
                "I'd need to know what it is for, since a kettle costs less to cover than a mixer. "
                "Which appliance do you have?",
            ),
        ),
        Entry(
            "warranty warranties guarantee guaranteed",
            "policy long have come include free year last how",
            (
                "Everything we sell comes with one year of warranty, free of charge. You can add "
                "one, two or three years on top.",
                "The free year covers faults in materials and workmanship, parts and labor "
                "included.",
            ),
        ),
        Entry(
            "cover covers covered coverage accident accidental! drop dropped! spill damage_cover "
            "included_warranty",
            "damage break include water wear limescale fault misuse what labor parts",
            (
                "It covers faults in the motor, the electronics and the seals, with parts and "
                "labor. Accidents such as drops and spills are not covered, nor is limescale.",
                "Normal wear, like a worn blade or a scratched jug, is left out as well. Anything "
                "that fails by itself is in.",
            ),
        ),
        Entry(
            "buy_later add_later later afterwards already_bought after_purchase before_ends",
            "buy add already own bought ago month still time decide",
            (
                "You have 90 days from the purchase to add it. After that we can't, even if the "
                "free year is still running.",
            ),
        ),
        Entry(
            "make_claim claim use_warranty",
            "broken break process how warranty replace repair number need fix what do",
            (
                "Bring it to the repair bench with your phone number or receipt. We repair it "
                "within ten days or give you a new one.",
                "You can also start a claim by mail: write to " + EMAIL + " and we send a label.",
            ),
        ),
        Entry(
            "transfer transferable! sell_it bought_elsewhere other_store another_shop",
            "second hand used give owner gift elsewhere pass",
            (
                "The warranty belongs to the appliance, so it passes to whoever owns it. We only "
                "sell it for appliances bought from us, though.",
            ),
        ),
        Entry(
            "worth_it worth should_i",
            "need really good idea get think best value",
            ("{worth}", "I'd look at what a repair costs, about ${repair} for {appliance}."),
            Detail.APPLIANCE,
            ("That depends on the appliance, to be honest. Which one do you have in mind?",),
        ),
        Entry(
            "cancel_warranty warranty_back",
            "cancel refund change mind warranty plan",
            ("You can cancel an extension within 30 days and get all of it back.",),
        ),
    ),
)

REPAIRS = Topic(
    "repairs",
    (
        Entry(
            "does_repair what_does_repair repair_cost cost_repair repair_price fix_cost cost_fix "
            "how_much_repair much_repair "
            "much_fix repair_charge",
            "repair fix cost price much charge estimate quote",
            (
                "A typical repair of {appliance} is around ${repair} once the warranty is over. "
                "The estimate is free, and we only start when you say yes.",
                "Reckon with ${repair} for {appliance}, parts included.",
            ),
            Detail.APPLIANCE,
            (
                "It depends on what it is: between $18 and $85 after the warranty, and nothing "
                "within it. Which appliance needs repairing?",
                "I can give you a figure if I know the machine. What is it?",
            ),
        ),
        Entry(
            "repair repairs fix fixed mend broken broke stopped_working doesn't_work not_working "
            "won't_turn leaks leaking smell noise grinding smoke sparks fuse tripping",
            "work machine turn power bring faulty problem",
            (
                "We repair everything we sell, and most other brands. Bring it to the repair bench "
                "in the shop, Monday to Saturday; the estimate is free.",
                "If it's under warranty the repair is free; otherwise you get an estimate first.",
            ),
        ),
        Entry(
            "repair_take how_long_repair repair_time ready_by same_day",
            "long take day week ready when quick wait back soon turnaround",
            (
                "Most repairs take three to five working days. If a part has to be ordered it's "
                "about ten, and we text you when it's ready.",
            ),
        ),
        Entry(
            "loan loaner! borrow replacement_meanwhile meanwhile",
            "lend without use during spare",
            (
                "We lend you a kettle or a coffee maker for the time, free of charge. For other "
                "machines we have nothing to lend.",
            ),
        ),
        Entry(
            "appointment book_repair drop_off walk_in",
            "book bring need come time drop",
            (
                "You don't need an appointment; just bring it in while the bench is staffed, from "
                "9:30 am to 5 pm, Monday to Saturday.",
            ),
        ),
        Entry(
            "repair_guarantee repair_warranty breaks_again",
            "again guarantee repair warranty happen",
            ("Every repair is guaranteed for six months. If the same fault returns it's on us.",),
        ),
    ),
)

DELIVERY = Topic(
    "delivery",
    (
        Entry(
            "delivery deliver delivers shipping ship mail_it mail_to shipment shipping_cost "
            "delivery_cost postage "
            "delivery_charge delivery_fee free_shipping free_delivery",
            "cost much price charge fee free order send",
            (
                "Standard delivery is $5.90 and takes two to three working days. From $60 on it's "
                "free.",
                "In figures: $5.90 below $60, nothing above, two to three working days either way.",
            ),
        ),
        Entry(
            "how_long_delivery how_long_ship delivery_time delivery_take long_arrive take_arrive "
            "shipping_take when_arrive "
            "arrive_by long_delivery shipping_time long_shipping",
            "long take day when arrive fast delivery shipping get quick soon order",
            (
                "Two to three working days from the moment we pack it, and orders before 2 pm are "
                "packed the same day.",
                "Order before 2 pm and it's normally with you on the second working day.",
            ),
        ),
        Entry(
            "order_after after_2 after_two cut_off cutoff deadline",
            "order after later late day pm today",
            (
                "Orders after 2 pm are packed the next morning, so they arrive one working day "
                "later.",
            ),
        ),
        Entry(
            "express! next_day overnight! same_day_delivery faster urgent",
            "fast tomorrow today quick delivery speed rush hurry sooner",
            (
                "Express is $12 and arrives the next working day if you order before 2 pm. Within "
                "Portwell we also deliver the same evening, for the same price.",
            ),
        ),
        Entry(
            "ship_from! sent_from! come_from warehouse",
            "where ship send",
            ("Everything leaves from our own warehouse, here in Portwell.",),
        ),
        Entry(
            "abroad! international! overseas! canada! mexico! europe! country countries foreign "
            "outside_us",
            "deliver ship world send",
            (
                "We ship to Canada for $19, in about a week. Further than that we don't, because "
                "of the plugs.",
                "Only to the US and Canada, I'm afraid. Many customers abroad use a forwarding "
                "address.",
            ),
        ),
        Entry(
            "not_home! not_in neighbor not_at_home safe_place time_slot evening_delivery "
            "saturday_delivery deliver_weekend! deliver_saturday! deliver_sunday! "
            "weekend_delivery! choose_time choose_day leave_it",
            "home work door weekend saturday sunday sign signature time slot leave pick",
            (
                "The courier texts you a two-hour window in the morning, Monday to Saturday. You "
                "can have it left with a neighbor or move it by a day.",
            ),
        ),
        Entry(
            "heavy stairs install installation set_up upstairs",
            "carry floor weight big setup unpack",
            (
                "Couriers bring it to your door, not up the stairs. Setting up is easy, and "
                "there's "
                "a sheet in the box.",
            ),
        ),
    ),
)

COLLECTION = Topic(
    "collecting an order",
    (
        Entry(
            "click_and click_collect! pick_up pickup collect collection in_store_pickup curbside",
            "order online store shop reserve counter",
            (
                "Order online before 4 pm and you can collect it two hours later, free of charge. "
                "We keep it at the counter for seven days.",
                "Collection is free, and most orders are ready within two hours.",
            ),
        ),
        Entry(
            "bring_id need_bring what_bring someone_else! friend_collect",
            "id bring need person number passport collect pick wife husband friend",
            (
                "Just the order number, or the text we send you. Somebody else can collect it with "
                "the same number.",
            ),
        ),
    ),
)

ORDERS = Topic(
    "orders",
    (
        Entry(
            "my_order order_status track tracking where_order where_parcel where_package my_parcel "
            "my_package parcel package my_delivery hasn't_arrived not_arrived still_waiting",
            "order status arrive waiting yet delivery late where when number kc",
            (
                "Order {order} {state}.",
                "I looked again: {order} {state}. That's all the system shows me.",
            ),
            Detail.ORDER,
            (
                "I can look that up. What is your order number? It starts with KC and is in your "
                "confirmation email.",
                "To find it I need the number that starts with KC. Could you give me your order "
                "number?",
            ),
        ),
        Entry(
            "confirmation_email! confirmation_mail! no_confirmation order_email",
            "never received get email spam",
            (
                "The confirmation normally comes within ten minutes. Look in your spam folder, "
                "and if it isn't there, the team can send it again: " + PHONE + ".",
            ),
        ),
        Entry(
            "cancel cancel_order cancellation",
            "order change mind stop undo",
            (
                "You can cancel until the order is packed, under My Orders on our website. After "
                "that, send it back within 30 days and you get a full refund.",
                "To cancel, open My Orders and press Cancel. If the button is gone, it is already "
                "packed.",
            ),
        ),
        Entry(
            "change_address wrong_address change_order add_order edit_order different_address "
            "new_address",
            "address change update add item moved order",
            (
                "Until it is packed you can change the address and the items under My Orders. "
                "After that only the courier can redirect it, from the link in their text.",
            ),
        ),
        Entry(
            "deliver_only rest_go go_ahead send_rest partial split",
            "rest ahead part separate items wait yes send",
            (
                "If part of an order is held up we send the rest tomorrow and the missing item "
                "later, "
                "at no extra cost. Just reply to the confirmation email.",
            ),
        ),
        Entry(
            "which_neighbor who_signed by_whom never_got didn't_receive nobody",
            "neighbor sign name who lost stolen missing received",
            (
                "The courier's note doesn't give me the name. Ask next door first; if it doesn't "
                "turn up in two days we send you a new one.",
            ),
        ),
        Entry(
            "minimum_order place_order how_order order_phone order_online website",
            "order phone online minimum buy way",
            ("You can order on our website, by phone or at the counter. There's no minimum.",),
        ),
    ),
)

DAMAGED = Topic(
    "damaged or missing items",
    (
        Entry(
            "damaged arrived_broken arrived_damaged cracked dented scratched wrong_item defective "
            "faulty came_broken missing_part missing_parts wrong_color",
            "arrive broken missing part box wrong item received photo crack",
            (
                "I'm sorry about that. Send a photo to " + EMAIL + " with your order number, and "
                "we ship a replacement within a day.",
                "You can also bring it straight to the counter and leave with a new one.",
            ),
        ),
        Entry(
            "send_broken keep_broken old_one_back return_damaged",
            "back keep old broken one throw away do with",
            ("Keep it until the new one is there; the courier takes the damaged one along.",),
        ),
        Entry(
            "no_photo need_photo without_photo have_photo take_photo photo",
            "photo picture camera",
            ("Without a photo it works too, if you describe the damage. It only takes longer.",),
        ),
    ),
)

PAYMENT = Topic(
    "payment",
    (
        Entry(
            "pay payment payments pay_with credit_card credit_cards debit paypal! apple_pay cash! "
            "amex visa mastercard google_pay american_express! accept crypto bitcoin check cheque",
            "card cards take method accept option way contactless",
            (
                "We take all cards including Amex, Apple Pay and Google Pay, PayPal online, and "
                "cash in the shop. No checks and no crypto.",
                "Any usual card or phone payment works, cash only at the counter.",
            ),
        ),
        Entry(
            "installment! installments! instalments! monthly finance financing pay_later klarna! "
            "spread split_payment",
            "month pay split rate interest credit",
            (
                "From $100 on you can pay in three monthly parts without interest. For more than "
                "three there's a 6 % fee.",
            ),
        ),
        Entry(
            "installments_check credit_check credit_score",
            "check score credit apply approved",
            ("There's a short credit check for the monthly parts; it doesn't affect your score.",),
        ),
        Entry(
            "extra_fee card_fee fee_card fee_credit surcharge",
            "pay credit card extra cost",
            ("There's no fee for any way of paying, cards included.",),
        ),
        Entry(
            "tax taxes vat sales_tax tax_included hidden",
            "include price extra fees total",
            ("All our prices include tax. What you see is what you pay, apart from delivery.",),
        ),
        Entry(
            "invoice! vat_invoice business_account company",
            "bill business receipt copy",
            (
                "An invoice comes with every order by email. For a company name on it, add it at "
                "the "
                "checkout or ask at the counter.",
            ),
        ),
        Entry(
            "still_there after_that still_charged not_gone three_days",
            "if still after wait gone money",
            (
                "If it is still on your statement then, send a screenshot to "
                + EMAIL
                + ", and we pay "
                "it back the same day.",
            ),
        ),
        Entry(
            "card_declined declined payment_failed charged_twice double_charged",
            "card payment work wrong error twice charge failed",
            (
                "A declined payment is usually released by your bank within an hour, so try once "
                "more. If you were charged twice, the second one drops off in three days.",
            ),
        ),
    ),
)

GIFT_CARDS = Topic(
    "gift cards",
    (
        Entry(
            "gift_card gift_cards giftcard gift_voucher voucher gift_certificate",
            "buy sell have get card amount much value",
            (
                "We sell gift cards from $10 to $500, by email or printed in a little tin. The "
                "emailed ones arrive within minutes.",
                "You choose any amount between $10 and $500, online or at the counter.",
            ),
        ),
        Entry(
            "expire! expires! expiry valid validity run_out card_last cards_last long_last",
            "long card date year good last",
            ("Gift cards are valid for five years. What is left on one stays on it.",),
        ),
        Entry(
            "use_online! use_gift! card_online redeem! card_balance balance!",
            "online shop store use sale both left check code repair",
            (
                "They work online and in the shop, on sale items and for repairs as well. The "
                "balance is printed on every receipt.",
            ),
        ),
        Entry(
            "lost_card lost_gift lose_card lose_gift gift_stolen lost lose",
            "lost lose stolen replace number card email",
            (
                "Emailed cards we can send again. A lost printed one we replace if you have its "
                "receipt.",
            ),
        ),
    ),
)

PRICE_MATCH = Topic(
    "our price match",
    (
        Entry(
            "price_match! match_price! price_matching price_promise beat_price cheaper cheaper_at "
            "lower_price amazon competitor",
            "match price elsewhere found another store lower cheap online",
            (
                "We match the price of any shop in the country that has the same model in stock, "
                "online ones included. Show us the offer before you buy or up to 14 days after.",
                "Same model, in stock, and sold by the shop itself: then we match it.",
            ),
        ),
        Entry(
            "marketplace! third_party ebay! seller sellers",
            "amazon private used refurbished private",
            ("Marketplace sellers and refurbished goods don't count, only the shop's own offers.",),
        ),
        Entry(
            "already_bought_match difference_back after_bought price_dropped dropped_price "
            "price_drop after_buy",
            "difference back already after bought drop sale week",
            (
                "If you find it cheaper within 14 days of buying we pay you the difference. That "
                "includes our own sales.",
            ),
        ),
        Entry(
            "how_match show_offer screenshot proof_price need_show",
            "show link screenshot need proof how ask counter",
            (
                "A link or a screenshot is enough. Show it at the counter or paste it in the chat "
                "on "
                "our checkout page.",
            ),
        ),
    ),
)

DISCOUNTS = Topic(
    "discounts",
    (
        Entry(
            "discount discounts! student! coupon promo promo_code promotion voucher_code senior "
            "military nurse teacher deal deals code",
            "offer off percent student special first newsletter",
            (
                "Students, teachers and nurses get 10 % off with a valid card. The newsletter "
                "gives you $5 off your first order.",
                "Other codes come with the newsletter, about once a month.",
            ),
        ),
        Entry(
            "sale sales black_friday clearance_sale next_sale summer_sale",
            "when next start big winter summer january coming upcoming soon",
            (
                "Our two big sales are in January and in July, and there's always a clearance "
                "shelf "
                "by the door.",
            ),
        ),
        Entry(
            "combine on_top top_of stack discount_sale both_discounts use_both",
            "together both sale discount same time too code",
            ("Only one discount at a time, and the better one is taken by itself.",),
        ),
        Entry(
            "loyalty points crumb_club member membership rewards reward",
            "club join card collect program",
            (
                "The Crumb Club is free: a point for every dollar, and $5 back for every hundred. "
                "You can join at the till.",
            ),
        ),
    ),
)

STOCK = Topic(
    "what we have in stock",
    (
        Entry(
            "in_stock available availability do_you_sell do_you_have you_sell you_stock "
            "do_you_carry looking_for sell have_any",
            "stock buy have get shop today",
            (
                "{stock}",
                "{the_appliance} again: {price_line}",
            ),
            Detail.APPLIANCE,
            (
                "We sell small kitchen appliances, fourteen kinds from kettles to espresso "
                "machines. Which one are you looking for?",
                "Tell me which appliance you mean, and I'll check the shelf for you. What is it?",
            ),
        ),
        Entry(
            "what_sell! what_do_you_sell! what_you_have range assortment",
            "kind sorts product appliance shop else then",
            (
                "Kettles, toasters, mixers, blenders, food processors, air fryers, juicers, waffle "
                "irons, bread and ice cream makers, cookers, microwaves and espresso machines.",
            ),
        ),
        Entry(
            "how_much_is price_of cost_of cheapest much_does prices how_expensive much_for",
            "price cost much expensive",
            ("{price_line}", "{the_appliance} is ${price}, tax included, as I said."),
            Detail.APPLIANCE,
            (
                "Prices run from $39 for a kettle to $389 for an espresso machine. Which appliance "
                "would you like the price of?",
                "Which appliance's price are you after?",
            ),
        ),
        Entry(
            "back_stock back_in restock when_back reserve notify waiting_list",
            "again stock back when available soon hold next",
            (
                "New stock comes every Tuesday. I can't reserve from here, but the counter puts "
                "you on a list and texts you when it's in.",
            ),
        ),
        Entry(
            "which_brand brands brand manufacturer",
            "which what carry sell different models",
            (
                "We keep five brands that can be repaired, and our own kettles. Each shelf has a "
                "model that we'd buy ourselves, marked with a blue dot.",
            ),
        ),
        Entry(
            "recommend_one recommend any_good ideas gift_ideas! present_ideas! best_one which_best "
            "recommendation suggest beginner",
            "best recommend good better choose which family two people",
            (
                "The ones with the blue dot are what we have at home ourselves. If you tell the "
                "counter how many people you cook for, they show you two, not twenty.",
            ),
        ),
        Entry(
            "beans! groceries! ingredients! cookbook! cookbooks!",
            "coffee sell buy have",
            (
                "Apart from appliances we only have coffee beans from the roaster next door, at "
                "$12 "
                "a bag.",
            ),
        ),
        Entry(
            "difference_between which_better compare versus vs better_than",
            "difference better which between",
            (
                "That's easier to show than to tell. The counter puts both in front of you, and "
                "you "
                "can try them.",
            ),
        ),
        Entry(
            "try_out demo demonstration test_it",
            "try before buy show display test",
            (
                "Every machine on the counter can be tried out, coffee included. Come half an hour "
                "before closing at the latest.",
            ),
        ),
        Entry(
            "color colors colour in_red! in_black! in_white! in_blue!",
            "red black white blue green come which other",
            ("Most come in black, steel and cream; kettles and mixers in red as well.",),
        ),
        Entry(
            "second_hand refurbished! pre_owned used_machines",
            "used buy sell old cheaper",
            (
                "We have a few refurbished machines by the repair bench, with a year of warranty, "
                "usually a third off.",
            ),
        ),
    ),
)

PARTS = Topic(
    "spare parts",
    (
        Entry(
            "spare! spare_part spare_parts parts replacement_part jug lid gasket! seal! blade! "
            "filter! "
            "filters carafe accessories accessory attachment",
            "part replacement order buy sell need",
            (
                "We keep the usual parts for everything we sell: seals, jugs, blades, filters. If "
                "it isn't on the shelf it takes about a week.",
                "Tell the counter the model number from the plate underneath, and they find the "
                "part.",
            ),
        ),
        Entry(
            "part_price part_cost parts_cost! such_part! filter_cost",
            "cost price much part filter seal",
            ("Seals and filters are $4 to $9, jugs and bowls $15 to $30.",),
        ),
        Entry(
            "model_number where_number serial",
            "model number find where plate",
            ("The model number is on the plate underneath, above the voltage.",),
        ),
        Entry(
            "in_dishwasher put_dishwasher dishwasher_safe wash cleaning",
            "safe clean hand jug bowl",
            (
                "Jugs, bowls and beaters can go in the dishwasher. Anything with a motor or a seal "
                "should be washed by hand.",
            ),
        ),
        Entry(
            "descale! descaling! limescale! clean_machine",
            "clean often scale vinegar",
            (
                "Descale once a month with citric acid, $3 a bag here. Vinegar is hard on the "
                "seals.",
            ),
        ),
    ),
)

LOCATION = Topic(
    "finding us",
    (
        Entry(
            "where_are where_is store_in shop_in have_store have_shop address located location "
            "directions find_you your_address "
            "which_street other_branches branches another_store get_there",
            "where shop store street map come town city near branch",
            (
                "We're at 12 Mill Lane in Portwell, between the bakery and the old cinema. It's "
                "our only shop.",
                "Mill Lane 12, the door with the copper kettle above it.",
            ),
        ),
        Entry(
            "parking! park car bus train tram bike_rack public_transport",
            "near free get stop station drive",
            (
                "There's a car park behind the cinema, free for the first hour. Bus 4 stops across "
                "the street, and the station is ten minutes on foot.",
            ),
        ),
        Entry(
            "wheelchair! accessible! accessibility step_free stroller disabled",
            "access step ramp lift entrance",
            (
                "The entrance is step-free and so is the shop; the repair bench is upstairs, but "
                "we "
                "come down to you.",
            ),
        ),
        Entry(
            "wifi! toilet! restroom! bathroom!",
            "free have store shop inside",
            ("There's free wifi, and a restroom behind the coffee corner. Just ask for the key.",),
        ),
        Entry(
            "dog! dogs! pet pets",
            "bring allowed inside",
            ("Dogs are welcome, and there's a bowl of water by the door.",),
        ),
        Entry(
            "far_from walk_from walking from_station",
            "far walk minutes station near long",
            ("It's ten minutes on foot from the station, straight down Bridge Street.",),
        ),
    ),
)

RECYCLING = Topic(
    "recycling",
    (
        Entry(
            "recycle! recycling! old_appliance dispose disposal get_rid trade_in old_kettle "
            "old_machine old_toaster",
            "old take away throw broken bring electric waste",
            (
                "We take back old small appliances free of charge, whatever the brand. Just leave "
                "them at the repair bench.",
                "Bring as many as you can carry; nothing needs to be bought for it.",
            ),
        ),
        Entry(
            "buy_used! buy_old! get_anything worth_something anything_for trade_discount "
            "voucher_old money_old worth_old",
            "get credit value discount something money anything for",
            (
                "There's no money for the old one, but $5 off if you buy its successor the same "
                "day.",
            ),
        ),
        Entry(
            "happens_to what_happens",
            "happen go then parts landfill after",
            ("We take out the usable parts for repairs; the rest goes to a recycler in town.",),
        ),
    ),
)

CLASSES = Topic(
    "our classes",
    (
        Entry(
            "class classes course courses workshop workshops lesson lessons tasting barista baking",
            "cook cooking coffee learn event teach bread",
            (
                "We hold a bread class on the first Saturday of the month and a barista evening "
                "every Thursday at 6 pm. Both are $25, with what you make to take home.",
                "Bread on the first Saturday, coffee on Thursday evenings, $25 each.",
            ),
        ),
        Entry(
            "book_class sign_up book_place register places",
            "book place left full reserve join how spot",
            (
                "You can book on our website or at the counter. There are eight places, and "
                "they're "
                "usually gone a week before.",
            ),
        ),
        Entry(
            "kids children child age beginner_class",
            "kid children bring young old experience beginner",
            (
                "Children from ten on are welcome with an adult. Nobody needs to know anything "
                "beforehand.",
            ),
        ),
        Entry(
            "cancel_class can't_come miss_class",
            "cancel refund miss come class sick",
            (
                "Cancel up to two days before and you get the money back; later you can send a "
                "friend.",
            ),
        ),
    ),
)

GIFT_WRAP = Topic(
    "gift wrapping",
    (
        Entry(
            "gift_wrap! gift_wrapping! wrap wrapped wrapping gift_note gift_message",
            "gift present paper ribbon card birthday",
            (
                "We wrap anything for $4, in brown paper with a blue ribbon, and put a handwritten "
                "note in if you like.",
                "Gift wrapping is a box to tick at the checkout; the price list stays out of the "
                "parcel.",
            ),
        ),
        Entry(
            "send_directly straight_to ship_gift deliver_gift hide_price",
            "send direct friend price see recipient surprise",
            ("We send it straight to them, without any price in the parcel.",),
        ),
    ),
)

BUSINESS = Topic(
    "orders for businesses",
    (
        Entry(
            "bulk wholesale bulk_order office restaurant cafe business_discount large_order",
            "business company order many quantity discount",
            (
                "From five machines on we give 8 % off, from twenty on 12 %. Write to "
                + EMAIL
                + " for an offer; it takes a day.",
                "Cafes and offices can also pay within 30 days on invoice.",
            ),
        ),
    ),
)

CONTACT = Topic(
    "reaching us",
    (
        Entry(
            "contact phone_number call_you email_address speak_person real_person human person "
            "somebody someone agent manager representative talk_to speak_to speak_with phone email "
            "customer_service ask_them who_ask who_knows someone_who who_contact",
            "call talk speak write reach number ask help",
            (
                "You can reach the team at " + PHONE + " or at " + EMAIL + ". On the phone it's "
                "Monday to Saturday, 9:30 am to 5 pm.",
                "A person answers at " + PHONE + "; ask for the counter.",
            ),
        ),
        Entry(
            "language languages speak_spanish speak_german speaks spanish german french",
            "someone my who person english",
            (
                "Maren speaks Spanish and German. She is in the shop Monday to Friday, and at "
                + PHONE
                + ".",
            ),
        ),
        Entry(
            "when_call phone_hours someone_on what_time_call best_time_call when_reach",
            "when call phone time hours somebody answer hour",
            (
                "The phone is answered Monday to Saturday, from 9:30 am to 5 pm. Early afternoon "
                "is "
                "when you get through at once.",
            ),
        ),
        Entry(
            "how_long_reply reply_email answer_email",
            "reply email answer long respond",
            ("Emails are answered within one working day, usually by Jo.",),
        ),
        Entry(
            "complaint! complain terrible ridiculous awful unacceptable rude disappointed angry "
            "useless worst fed_up",
            "bad service staff annoyed never",
            (
                "I'm sorry, that is not how it should be. Our manager, Maren, looks at every "
                "complaint herself: " + EMAIL + " reaches her.",
                "I understand that you're annoyed. Maren calls back within a day if you leave your "
                "number at " + PHONE + ".",
            ),
        ),
        Entry(
            "job! jobs! hiring! career careers vacancy work_for apply",
            "work apply shop position cv resume",
            (
                "We're five people and not hiring at the moment. Spontaneous letters are read all "
                "the "
                "same, at " + EMAIL + ".",
            ),
        ),
        Entry(
            "newsletter unsubscribe! privacy data personal_data delete_account account password",
            "delete email login forgot reset list",
            (
                "For anything about your account or data, the links are under My Account on our "
                "website; a new password comes by email. I can't see accounts from here.",
            ),
        ),
    ),
)

TOPICS: tuple[Topic, ...] = (
    OPENING_HOURS,
    REFUNDS,
    EXCHANGES,
    WARRANTY,
    REPAIRS,
    DELIVERY,
    COLLECTION,
    ORDERS,
    DAMAGED,
    PAYMENT,
    GIFT_CARDS,
    PRICE_MATCH,
    DISCOUNTS,
    STOCK,
    PARTS,
    LOCATION,
    RECYCLING,
    CLASSES,
    GIFT_WRAP,
    BUSINESS,
    CONTACT,
)
